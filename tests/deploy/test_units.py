"""systemd itself verifies the units: it knows each line and rates the services as well protected."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

UNITS = ROOT / "deploy" / "systemd"
# The `halls` command for operators; it runs with the user and settings of the services.
COMMAND = ROOT / "deploy" / "halls"
SERVICES = ["halls.service", "halls-worker.service"]
# In tenths: systemd rates up to 2.0 as protected, and more than 5.0 as exposed.
MAX_EXPOSURE = 15


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, adapted to the `halls` that is installed on this machine."""
    for unit in UNITS.iterdir():
        adapted = unit.read_text().replace("/opt/halls/.venv", str(Path(sys.executable).parent.parent))
        (tmp_path / unit.name).write_text(adapted)
    return tmp_path


def find_faults(units: Path) -> str:
    """Return systemd's messages about the units; an unknown line only gives a message, not an error code."""
    command = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(units.iterdir()))]
    completed = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={"SYSTEMD_LOG_TARGET": "console", "PATH": "/usr/bin:/bin"},
    )
    return completed.stdout + completed.stderr or (
        "" if completed.returncode == 0 else f"exit code {completed.returncode}"
    )


def measure_exposure(units: Path, service: str, threshold: int) -> int:
    """Return the exit code of `systemd-analyze security`: 0 if the exposure is up to the threshold."""
    command = ["systemd-analyze", "security", "--offline=yes", f"--threshold={threshold}", str(units / service)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_systemd_knows_each_line_of_the_units(units: Path) -> None:
    assert find_faults(units) == ""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("ProtectHome=", "ProtectHoem="), ("Type=simple", "Type=simpel"), ("bin/halls serve", "bin/hals serve")],
)
def test_control_a_mistake_is_found(units: Path, right: str, wrong: str) -> None:
    unit = units / "halls.service"
    assert right in unit.read_text()
    unit.write_text(unit.read_text().replace(right, wrong))
    assert "halls.service" in find_faults(units)


@pytest.mark.parametrize("service", SERVICES)
def test_the_services_are_hardened(units: Path, service: str) -> None:
    assert measure_exposure(units, service, MAX_EXPOSURE) == 0


@pytest.mark.parametrize("service", SERVICES)
def test_control_without_its_hardening_a_service_is_exposed(units: Path, service: str) -> None:
    unit = units / service
    unit.write_text(unit.read_text().partition("# Hardened")[0])
    assert measure_exposure(units, service, MAX_EXPOSURE) != 0


@pytest.mark.parametrize("service", SERVICES)
def test_the_command_runs_with_the_settings_of_the_services(service: str) -> None:
    unit = (UNITS / service).read_text()
    (environment,) = re.findall(r"^Environment=(.*)$", unit, re.MULTILINE)
    command = COMMAND.read_text()
    assert re.findall(r"--setenv=(\S+)", command) == environment.split()
    for name in re.findall(r"--property=(\S+)", command):
        assert f"\n{name}\n" in unit
    for option, name in {"uid": "User", "gid": "Group", "working-directory": "WorkingDirectory"}.items():
        (value,) = re.findall(rf"--{option}=(\S+)", command)
        assert f"\n{name}={value}\n" in unit


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_grows_is_ended_before_the_machine_is_full(service: str) -> None:
    (limit,) = re.findall(r"^MemoryMax=(.*)$", (UNITS / service).read_text(), re.MULTILINE)
    assert limit in {"512M", "1G"}
