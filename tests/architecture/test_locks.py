"""Every package that a machine installs is locked with a hash, the tools that build Halls too."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PLACES = ["Makefile", "deploy/Dockerfile", "docs/operations.md", ".ci/run"]
# What pip can install: packages of a lock, or this package, without asking an index.
LOCKED = {"--require-hashes"}
OWN = {"--no-deps", "--no-index"}


def find_installations(text: str) -> list[list[str]]:
    """Return the arguments of each `pip install` and `pip wheel` in the text."""
    return [match.split() for match in re.findall(r"pip (?:install|wheel) (.*?)(?:&&|\n|$)", text)]


def is_locked(arguments: list[str]) -> bool:
    """Return whether pip can install only what a lock names, or this package alone."""
    given = set(arguments)
    builds_here = any(each.endswith(".") for each in arguments)
    return given >= LOCKED or (given >= OWN and (not builds_here or "--no-build-isolation" in given))


@pytest.mark.parametrize("place", PLACES)
def test_pip_installs_only_locked_packages(place: str) -> None:
    unlocked = [each for each in find_installations((ROOT / place).read_text()) if not is_locked(each)]
    assert not unlocked, unlocked


@pytest.mark.parametrize(
    "command", ["pip install hatchling", "pip install --no-deps .", "pip install --no-deps --no-index ."]
)
def test_control_an_unlocked_installation_is_found(command: str) -> None:
    (arguments,) = find_installations(command)
    assert not is_locked(arguments)


def test_the_build_lock_has_the_build_tools_with_hashes() -> None:
    (needed,) = re.findall(r"^requires = (\[.*\])$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements-build.lock").read_text())
    packages = {entry.partition("==")[0]: entry for entry in entries if "==" in entry.splitlines()[0]}
    assert set(re.findall(r'"([a-z-]+)', needed)) <= packages.keys()
    assert all("--hash=sha256:" in entry for entry in packages.values())
    production = (ROOT / "requirements.lock").read_text()
    shared = [entry for name, entry in packages.items() if f"\n{name}==" in production]
    assert all(entry.split()[0] in production for entry in shared), "pip could not install both locks at once"


def test_the_package_builds_without_an_index(tmp_path: Path) -> None:
    (command,) = re.findall(r"/opt/build/bin/pip (wheel .*?) --wheel-dir", (ROOT / "deploy/Dockerfile").read_text())
    pip = [sys.executable, "-m", "pip", *command.split(), "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(pip, check=True, capture_output=True, cwd=tmp_path)
    assert [path.name.partition("-")[0] for path in tmp_path.glob("*.whl")] == ["halls"]


def test_the_image_can_copy_each_of_its_files() -> None:
    copied = re.findall(r"^COPY (?!--)(.*) \S+$", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE)
    included = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    assert {name for line in copied for name in line.split()} <= included
