"""The tables of limits in docs/operations.md name every limit and its setting, with the values of the code."""

from __future__ import annotations

import importlib
import re
import sys

from halls.config import Config
from halls.http.rate_limits import Limit
from tests.architecture.source import ROOT

SECTION = (ROOT / "docs" / "operations.md").read_text().partition("## Limits and quotas")[2].partition("\n## ")[0]
TIMES = {60: "a minute", 300: "5 minutes", 600: "10 minutes", 3_600: "an hour", 86_400: "a day"}
# Settings with another name that are limits too.
OTHERS = {"hold_hours", "jwt_expires_hours", "session_max_days", "reset_token_ttl_minutes"}


def find_limits() -> dict[str, str]:
    """Return the declared rate limits, as the page shows them."""
    importlib.import_module("halls.app")
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("halls.")]
    limits = [value for module in modules for value in vars(module).values() if isinstance(value, Limit)]
    return {limit.name: f"{limit.amount} in {TIMES[limit.seconds]}" for limit in limits}


def find_settings() -> dict[str, str]:
    """Return the settings that are limits, with their defaults."""
    names = {name for name in Config.model_fields if name.startswith("max_") or name.endswith("_limit")}
    return {name.upper(): str(Config.model_fields[name].default) for name in names | OTHERS}


def read_table(header: str) -> dict[str, str]:
    """Return the first two columns of the table with this header."""
    table = SECTION.partition(f"| {header} |")[2].partition("\n\n")[0]
    return dict(re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|", table, re.MULTILINE))


def test_the_table_has_each_rate_limit() -> None:
    assert read_table("limit | requests") == find_limits()


def test_the_table_has_each_setting_that_is_a_limit() -> None:
    assert read_table("setting | default") == find_settings()
