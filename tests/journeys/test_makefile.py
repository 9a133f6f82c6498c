"""The Makefile says what it does before a long silence, and names the programs that it misses."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.architecture.source import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def run_make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in the checkout. Its PATH contains a shell, make, and the programs in `folder`."""
    for name in ("sh", "make"):
        program = shutil.which(name)
        assert program
        (folder / name).symlink_to(program)
    command = ["make", *arguments]
    return subprocess.run(command, env={"PATH": str(folder)}, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_first_run_announces_each_long_step(tmp_path: Path) -> None:
    lines = run_make(tmp_path, "--dry-run", "--always-make", "run").stdout.splitlines()
    install = next(number for number, line in enumerate(lines) if "pip install" in line)
    assert lines[install - 1] == 'echo "Installing into .venv, about a minute ..."'
    assert lines[-2:] == ['echo "Starting MongoDB and the server ..."', ".venv/bin/halls serve --demo"]


def test_deploy_tests_name_the_missing_programs_in_one_line(tmp_path: Path) -> None:
    for name in ("openssl", "curl"):
        (tmp_path / name).symlink_to("/bin/true")
    completed = run_make(tmp_path, "deploy-tests")
    assert completed.returncode == 2
    assert completed.stdout == (
        "Not on PATH: nginx systemd-analyze. On Debian and Ubuntu: apt-get install nginx openssl curl systemd\n"
    )
    assert "Traceback" not in completed.stderr
