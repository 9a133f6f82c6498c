"""Only config.py reads the environment; .env.example explains each setting and shows its default."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from halls.config import Config
from tests.architecture.source import ROOT, SRC, list_files, name_place, parse_file

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

EXAMPLE = ROOT / ".env.example"
READERS = frozenset({"os.environ", "os.getenv", "environ", "getenv"})


def test_only_config_reads_the_environment() -> None:
    readers = [
        name_place(path, node)
        for path in list_files(SRC)
        if path != SRC / "config.py"
        for node in ast.walk(parse_file(path))
        if isinstance(node, ast.Attribute | ast.Name) and ast.unparse(node) in READERS
    ]
    assert not readers, readers


def test_the_example_lists_exactly_the_existing_settings() -> None:
    assert [line.partition("=")[0] for _, line in _settings()] == [name.upper() for name in Config.model_fields]


def test_the_example_has_every_setting_of_the_contract() -> None:
    _, _, section = (ROOT / "docs" / "contract.md").read_text().partition("Environment (`.env.example` explains each):")
    contract_settings = set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b|\bHOST\b|\bPORT\b", section))
    assert len(contract_settings) >= 30
    assert contract_settings <= {line.partition("=")[0] for _, line in _settings()}


def test_each_setting_of_the_example_is_explained() -> None:
    unexplained = [line for before, line in _settings() if not before.startswith("# ")]
    assert not unexplained, unexplained


def _settings() -> list[tuple[str, str]]:
    """Return each line of the example that sets a value, after the line before it."""
    lines = EXAMPLE.read_text().splitlines()
    return [(before, line) for before, line in pairwise(["", *lines]) if line and not line.startswith("#")]


def test_the_example_shows_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Config.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    assert Config(_env_file=EXAMPLE) == Config()  # type: ignore[call-arg] # pydantic-settings adds it
