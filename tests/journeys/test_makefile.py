"""The Makefile says what it does before a long silence, and names the programs that it misses."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.architecture.source import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def run_make(folder: Path, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run make in `cwd`. Its PATH contains a shell, make, and the programs in `folder`."""
    for name in ("sh", "make"):
        program = shutil.which(name)
        assert program
        if not (folder / name).exists():
            (folder / name).symlink_to(program)
    command = ["make", *arguments]
    return subprocess.run(command, env={"PATH": str(folder)}, cwd=cwd, capture_output=True, text=True, check=False)


def test_a_first_run_announces_each_long_step(tmp_path: Path) -> None:
    lines = run_make(tmp_path, "--dry-run", "--always-make", "run").stdout.splitlines()
    install = next(number for number, line in enumerate(lines) if "pip install" in line)
    assert lines[install - 1] == 'echo "Installing into .venv, about 20 seconds ..."'
    assert "requirements-run.lock" in lines[install]
    assert not any("requirements-dev.lock" in line for line in lines)
    assert lines[-2:] == ['echo "Starting MongoDB and the server ..."', ".venv/bin/halls serve --demo"]


def list_installed(folder: Path, checkout: Path, *targets: str) -> list[str]:
    """Return the locks that make would install for the targets, in a folder with a .venv of its own."""
    lines = run_make(folder, "--dry-run", "-f", str(ROOT / "Makefile"), *targets, cwd=checkout).stdout.splitlines()
    return [line.split()[-1] for line in lines if "--require-hashes" in line]


def test_run_and_test_install_in_either_order_and_only_once(tmp_path: Path) -> None:
    checkout, programs = tmp_path / "checkout", tmp_path / "programs"
    (checkout / ".venv").mkdir(parents=True)
    programs.mkdir()
    for name in ("requirements-run.lock", "requirements-dev.lock", "pyproject.toml"):
        (checkout / name).touch()
    assert list_installed(programs, checkout, "run") == ["requirements-run.lock"]
    assert list_installed(programs, checkout, "test") == ["requirements-dev.lock"]
    (checkout / ".venv" / "installed-for-run").touch()
    assert list_installed(programs, checkout, "run") == []
    assert list_installed(programs, checkout, "test") == ["requirements-dev.lock"]
    # After the installation of all tools.
    (checkout / ".venv" / "installed-from-lock").touch()
    assert list_installed(programs, checkout, "run", "test") == []


def test_the_tools_include_what_a_run_needs() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("$(INSTALLED): ")[2].partition("\n\n")[0]
    assert "touch $(RUN_INSTALLED) $@" in recipe


def test_deploy_tests_name_the_missing_programs_in_one_line(tmp_path: Path) -> None:
    for name in ("openssl", "curl"):
        (tmp_path / name).symlink_to("/bin/true")
    completed = run_make(tmp_path, "deploy-tests")
    assert completed.returncode == 2
    assert completed.stdout == (
        "Not on PATH: nginx systemd-analyze chromium. "
        "On Debian and Ubuntu: apt-get install nginx openssl curl systemd chromium\n"
    )
    assert "Traceback" not in completed.stderr
