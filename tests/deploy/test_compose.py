"""The Compose files follow the Compose Specification, and every name in them is declared."""

from __future__ import annotations

import json
import re
import subprocess
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft7Validator
from pymongo.uri_parser import parse_uri

from tests.architecture.source import ROOT
from tests.conftest import make_config

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COMPOSE = ROOT / "deploy" / "compose.yaml"
DEV = ROOT / "deploy" / "compose.dev.yaml"
# A value that the operator must fill in.
KEY = "a key of at least thirty-two bytes for the test"
# The schema of the specification, from the dclint package.
SCHEMA = ROOT / "node_modules" / "dclint" / "schemas" / "compose.schema.json"


def read_compose(file: Path = COMPOSE) -> Any:
    """Return the file as Docker reads it, with aliases resolved."""
    return yaml.safe_load(file.read_text())


def find_faults(compose: Any) -> list[str]:
    """Return violations of the specification, and each name without a declaration."""
    schema = json.loads(SCHEMA.read_text())
    faults = [f"{error.json_path}: {error.message}" for error in Draft7Validator(schema).iter_errors(compose)]
    return faults or [
        fault for name, service in compose["services"].items() for fault in _unknown(compose, name, service)
    ]


def _unknown(compose: Any, name: str, service: Any) -> list[str]:
    mounts = [volume.partition(":")[0] for volume in service.get("volumes", [])]
    references = {
        "services": set(service.get("depends_on", [])),
        "networks": set(service.get("networks", [])),
        "volumes": {mount for mount in mounts if not mount.startswith((".", "/"))},
    }
    return [
        f"{name} uses undeclared {kind}: {each}"
        for kind, names in references.items()
        for each in names - set(compose.get(kind, {}))
    ]


@pytest.mark.parametrize("file", [COMPOSE, DEV], ids=lambda file: file.name)
def test_the_compose_file_is_valid_and_its_names_are_declared(file: Path) -> None:
    assert find_faults(read_compose(file)) == []


def test_each_mounted_or_built_file_exists() -> None:
    assert read_compose(DEV)["services"]["halls"]["build"] == read_compose()["services"]["halls"]["build"]
    services = read_compose()["services"]
    build = services["halls"]["build"]
    mounted = [volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", [])]
    local_paths = [COMPOSE.parent / path for path in mounted if path.startswith(".")]
    assert local_paths
    assert all(path.exists() for path in [*local_paths, COMPOSE.parent / build["context"] / build["dockerfile"]])


def test_nginx_restarts_with_the_server_because_it_caches_its_address() -> None:
    assert read_compose()["services"]["nginx"]["depends_on"]["halls"] == {
        "condition": "service_healthy",
        "restart": True,
    }


@pytest.mark.parametrize("file", [COMPOSE, DEV], ids=lambda file: file.name)
def test_every_container_limits_its_log(file: Path) -> None:
    services = read_compose(file)["services"]
    log_options = {name: service.get("logging", {}).get("options", {}) for name, service in services.items()}
    assert all({"max-size", "max-file"} <= options.keys() for options in log_options.values()), log_options


def test_the_log_of_the_site_is_limited_too() -> None:
    services = read_compose()["services"]
    # The image redirects two NGINX logs to Docker; the site writes to a third file.
    (file,) = set(re.findall(r"access_log (/\S+)", (COMPOSE.parent / "nginx" / "halls.conf").read_text()))
    assert f"ln -sf /dev/stdout {file} && exec nginx" in services["nginx"]["command"][-1]


def test_the_trial_runs_on_this_computer_only_and_needs_no_settings() -> None:
    services = read_compose(DEV)["services"]
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:5000:5000"]
    assert not any("env_file" in service for service in services.values())
    settings = services["halls"]["environment"]
    config = make_config(**{name.lower(): value for name, value in settings.items()})
    assert (config.halls_env, config.port, services["halls"]["command"]) == ("development", 5000, ["serve", "--demo"])
    assert config.web_workers == 1


@pytest.mark.parametrize("file", [COMPOSE, DEV], ids=lambda file: file.name)
def test_the_members_of_the_replica_set_are_services(file: Path) -> None:
    compose = read_compose(file)
    services = compose["services"]
    uri = services["halls"]["environment"].get("MONGO_URI") or read_sample("halls.env.example")["MONGO_URI"]
    hosts = [host for host, _ in parse_uri(uri)["nodelist"]]
    assert set(hosts) <= services.keys()
    initiate = services[hosts[0]]["healthcheck"]["test"][-1].replace("$$", "$")
    # One member, or three with their numbers.
    (member,) = re.findall(r'host: ["`](\w+)', initiate)
    assert {host.rstrip("123") for host in hosts} == {member}
    assert f'_id: "{parse_uri(uri)["options"]["replicaSet"]}"' in initiate


def read_sample(name: str) -> dict[str, str]:
    """Return the settings of a sample file in deploy/."""
    lines = (ROOT / "deploy" / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_mongodb_has_a_login_and_its_secrets_stay_out_of_the_repository() -> None:
    services = read_compose()["services"]
    secrets = read_sample("mongo.env.example")
    assert set(secrets.values()) == {""}
    for name in ("mongo1", "mongo2", "mongo3"):
        assert "--keyFile /tmp/key" in services[name]["command"][-1]
        assert services[name]["env_file"] == "./mongo.env"
    text = COMPOSE.read_text()
    assert all(name in text for name in secrets)
    user = parse_uri(read_sample("halls.env.example")["MONGO_URI"])
    assert (user["username"], user["password"], user["database"]) == ("halls", "PASSWORD", "halls")
    assert subprocess.run(["git", "check-ignore", "-q", "deploy/mongo.env"], cwd=ROOT, check=False).returncode == 0


def test_the_sample_of_settings_is_complete_and_valid_in_production() -> None:
    sample = read_sample("halls.env.example")
    assert sample.pop("JWT_SECRET") == "", "each installation needs its own key"
    set_by_compose = read_compose()["services"]["halls"]["environment"]
    assert not sample.keys() & set_by_compose.keys()
    given = {**sample, **set_by_compose, "JWT_SECRET": KEY, "HALLS_ENV": "production"}
    config = make_config(**{name.lower(): value for name, value in given.items()})
    # A URL without a path is read with a slash at its end.
    assert {name: str(getattr(config, name.lower())).rstrip("/") for name in given} == given
    assert subprocess.run(["git", "check-ignore", "-q", "deploy/halls.env"], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize(
    "break_compose",
    [
        lambda services: services["halls"].update(read_onyl=True),
        lambda services: services["halls"].update(stop_grace_period=30),
        lambda services: services["nginx"].update(ports="443:443"),
        lambda services: services["mongo1"]["healthcheck"].update(test=5),
        lambda services: services["worker"].update(networks=["databse"]),
        lambda services: services["mongo2"].update(volumes=["mongo4:/data/db"]),
        lambda services: services["nginx"]["depends_on"].update(hals={"condition": "service_healthy"}),
    ],
    ids=["a key", "a time without unit", "no list", "a number for a command", "a network", "a volume", "a service"],
)
def test_control_a_mistake_is_found(break_compose: Callable[[Any], None]) -> None:
    compose = deepcopy(read_compose())
    break_compose(compose["services"])
    assert len(find_faults(compose)) == 1
