"""Imported packages are declared and locked, and the locks name no host or local folder."""

from __future__ import annotations

import ast
import re
import sys

import pytest

from tests.architecture.source import ROOT, SRC, list_files, parse_file

PYPROJECT = (ROOT / "pyproject.toml").read_text()
RUNTIME = "requirements.lock"
RUN = "requirements-run.lock"
DEV = "requirements-dev.lock"
# tzdata is for machines without zone data, flask-swagger-ui provides files of /docs, and `limits` imports redis if it
# is configured. The mongod package for development is an extra.
NOT_IMPORTED, EXTRA = {"tzdata", "flask-swagger-ui", "redis"}, {"fiftyone"}
# Modules whose name differs from the name of their package.
PACKAGES = {
    "argon2": "argon2-cffi",
    "bson": "pymongo",
    "jwt": "pyjwt",
    "google": "google-auth",
    "phonenumbers": "phonenumberslite",
    "PIL": "pillow",
}
# pydantic requires exactly one version of it.
PARTS = {"pydantic_core": "pydantic"}


def _declared(list_name: str) -> set[str]:
    """Return the names in one list of pyproject.toml."""
    section = re.search(rf"^{list_name} = \[\n(.*?)^\]", PYPROJECT, re.MULTILINE | re.DOTALL)
    assert section, list_name
    return set(re.findall(r'^  "([a-z0-9-]+)', section[1], re.MULTILINE))


def _locked(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)(?:\[[a-z]+\])?==", (ROOT / lock).read_text(), re.MULTILINE))


def _imported() -> set[str]:
    """Return the top-level third-party modules that src/halls imports."""
    names: set[str] = set()
    for path in list_files(SRC):
        for node in ast.walk(parse_file(path)):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"halls"}


def test_imported_packages_are_exactly_the_declared_ones() -> None:
    packages = {(PACKAGES | PARTS).get(name, name.replace("_", "-")) for name in _imported() - EXTRA}
    assert packages == _declared("dependencies") - NOT_IMPORTED


def test_the_locks_contain_every_declared_dependency() -> None:
    assert _declared("dependencies") <= _locked(RUNTIME), "run `make lock`"
    for_run = _declared("dependencies") | _declared("devdb") | _declared("run")
    assert for_run <= _locked(RUN), "run `make lock`"
    assert for_run | _declared("dev") <= _locked(DEV), "run `make lock`"


def test_production_installs_no_mongod() -> None:
    assert not {name for name in _locked(RUNTIME) if name.startswith("fiftyone")}


def test_all_locks_pin_the_same_versions() -> None:
    locks = (RUNTIME, RUN, DEV)
    pins = [set(re.findall(r"^([a-z0-9-]+==\S+)", (ROOT / lock).read_text(), re.MULTILINE)) for lock in locks]
    assert pins[0] <= pins[1] <= pins[2], "run `make lock`"


@pytest.mark.parametrize("lock", [RUNTIME, RUN, DEV])
def test_a_lock_names_no_host_and_no_local_folder(lock: str) -> None:
    assert not re.findall(r"\S*(?:://|file:|--index|--find-links)\S*", (ROOT / lock).read_text())


def test_the_lock_of_newman_names_no_host() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()
