"""The Compose file follows the Compose Specification, and every name in it is declared."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.architecture.source import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

COMPOSE = ROOT / "deploy" / "compose.yaml"
# The schema of the specification, from the dclint package.
SCHEMA = ROOT / "node_modules" / "dclint" / "schemas" / "compose.schema.json"


def read_compose() -> Any:
    """Return the file as Docker reads it, with aliases resolved."""
    return yaml.safe_load(COMPOSE.read_text())


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
        for each in names - set(compose[kind])
    ]


def test_the_compose_file_is_valid_and_its_names_are_declared() -> None:
    assert find_faults(read_compose()) == []


def test_each_mounted_or_built_file_exists() -> None:
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


def test_every_container_limits_its_log() -> None:
    services = read_compose()["services"]
    log_options = {name: service.get("logging", {}).get("options", {}) for name, service in services.items()}
    assert all({"max-size", "max-file"} <= options.keys() for options in log_options.values()), log_options
    # The image redirects two NGINX logs to Docker; the site writes to a third file.
    (file,) = re.findall(r"access_log (/\S+)", (COMPOSE.parent / "nginx" / "halls.conf").read_text())
    assert f"ln -sf /dev/stdout {file} && exec nginx" in services["nginx"]["command"][-1]


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
