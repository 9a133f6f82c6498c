"""The compose file is one by the Compose Specification, and whatever it names is declared in it."""

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
# The specification's own schema, as the linter carries it along.
SCHEMA = ROOT / "node_modules" / "dclint" / "schemas" / "compose.schema.json"


def read_compose() -> Any:
    """Return the file as Docker reads it: with what stands for other parts put in their place."""
    return yaml.safe_load(COMPOSE.read_text())


def find_faults(compose: Any) -> list[str]:
    """Return what the specification forbids, and each name that nothing bears."""
    schema = json.loads(SCHEMA.read_text())
    faults = [f"{error.json_path}: {error.message}" for error in Draft7Validator(schema).iter_errors(compose)]
    return faults or [
        fault for name, service in compose["services"].items() for fault in _unknown(compose, name, service)
    ]


def _unknown(compose: Any, name: str, service: Any) -> list[str]:
    mounts = [volume.partition(":")[0] for volume in service.get("volumes", [])]
    named = {
        "services": set(service.get("depends_on", [])),
        "networks": set(service.get("networks", [])),
        "volumes": {mount for mount in mounts if not mount.startswith((".", "/"))},
    }
    return [
        f"{name} names none of the {kind}: {each}"
        for kind, names in named.items()
        for each in names - set(compose[kind])
    ]


def test_the_compose_file_is_one_and_names_what_there_is() -> None:
    assert find_faults(read_compose()) == []


def test_each_file_that_it_mounts_or_builds_from_is_there() -> None:
    services = read_compose()["services"]
    build = services["halls"]["build"]
    mounted = [volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", [])]
    own = [COMPOSE.parent / path for path in mounted if path.startswith(".")]
    assert own
    assert all(path.exists() for path in [*own, COMPOSE.parent / build["context"] / build["dockerfile"]])


def test_nginx_starts_anew_with_the_server_whose_address_it_keeps() -> None:
    assert read_compose()["services"]["nginx"]["depends_on"]["halls"] == {
        "condition": "service_healthy",
        "restart": True,
    }


def test_no_log_of_a_container_grows_for_ever() -> None:
    services = read_compose()["services"]
    kept = {name: service.get("logging", {}).get("options", {}) for name, service in services.items()}
    assert all({"max-size", "max-file"} <= options.keys() for options in kept.values()), kept
    # The image leads its own two logs to where Docker reads them; the site writes to a third.
    (file,) = re.findall(r"access_log (/\S+)", (COMPOSE.parent / "nginx" / "halls.conf").read_text())
    assert f"ln -sf /dev/stdout {file} && exec nginx" in services["nginx"]["command"][-1]


@pytest.mark.parametrize(
    "harm",
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
def test_control_a_slip_is_found(harm: Callable[[Any], None]) -> None:
    compose = deepcopy(read_compose())
    harm(compose["services"])
    assert len(find_faults(compose)) == 1
