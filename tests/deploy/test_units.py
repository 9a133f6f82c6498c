"""The systemd units are read by systemd itself: it knows each line, and holds them for well hardened."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

UNITS = ROOT / "deploy" / "systemd"
# `halls` for who operates it, run as the services are.
COMMAND = ROOT / "deploy" / "halls"
SERVICES = ["halls.service", "halls-worker.service"]
# In tenths; systemd calls up to 2.0 well protected, and more than 5.0 exposed.
EXPOSED = 15


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, for a `halls` that is installed on this machine."""
    for unit in UNITS.iterdir():
        here = unit.read_text().replace("/opt/halls/.venv", str(Path(sys.executable).parent.parent))
        (tmp_path / unit.name).write_text(here)
    return tmp_path


def find_faults(units: Path) -> str:
    """Return what systemd says of the units; of a line that it does not know it only says so."""
    command = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(units.iterdir()))]
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={"SYSTEMD_LOG_TARGET": "console", "PATH": "/usr/bin:/bin"},
    )
    return ended.stdout + ended.stderr or ("" if ended.returncode == 0 else f"exit code {ended.returncode}")


def measure_exposure(units: Path, service: str, threshold: int) -> int:
    """Return the exit code of systemd's review: 0 for an exposure up to the threshold."""
    command = ["systemd-analyze", "security", "--offline=yes", f"--threshold={threshold}", str(units / service)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_systemd_knows_each_line_of_the_units(units: Path) -> None:
    assert find_faults(units) == ""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("ProtectHome=", "ProtectHoem="), ("Type=simple", "Type=simpel"), ("bin/halls serve", "bin/hals serve")],
)
def test_control_a_slip_is_found(units: Path, right: str, wrong: str) -> None:
    unit = units / "halls.service"
    assert right in unit.read_text()
    unit.write_text(unit.read_text().replace(right, wrong))
    assert "halls.service" in find_faults(units)


@pytest.mark.parametrize("service", SERVICES)
def test_the_services_are_well_hardened(units: Path, service: str) -> None:
    assert measure_exposure(units, service, EXPOSED) == 0


@pytest.mark.parametrize("service", SERVICES)
def test_control_without_its_hardening_a_service_is_exposed(units: Path, service: str) -> None:
    unit = units / service
    unit.write_text(unit.read_text().partition("# Hardened")[0])
    assert measure_exposure(units, service, EXPOSED) != 0


@pytest.mark.parametrize("service", SERVICES)
def test_the_command_has_the_settings_of_the_services(service: str) -> None:
    unit = (UNITS / service).read_text()
    (own,) = re.findall(r"^Environment=(.*)$", unit, re.MULTILINE)
    command = COMMAND.read_text()
    assert re.findall(r"--setenv=(\S+)", command) == own.split()
    for name in re.findall(r"--property=(\S+)", command):
        assert f"\n{name}\n" in unit
    for option, name in {"uid": "User", "gid": "Group", "working-directory": "WorkingDirectory"}.items():
        (value,) = re.findall(rf"--{option}=(\S+)", command)
        assert f"\n{name}={value}\n" in unit
