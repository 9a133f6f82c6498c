"""The tables of limits in docs/operations.md name every limit and its setting, with the values of the code."""

from __future__ import annotations

import importlib
import re
import sys

from halls.accounts import email_store
from halls.accounts.block_store import MAX_BLOCKS
from halls.bookings.limits import MAX_PENDING_UNVERIFIED
from halls.config import Config
from halls.errors import MAX_FAULTS
from halls.feeds.feed import MAX_FEEDS
from halls.feeds.service import MAX_EVENTS
from halls.http import json_body
from halls.http.rate_limits import Limit
from halls.search import windows
from halls.server import http_worker
from halls.statistics.period import MAX_MONTHS
from halls.statistics.service import MAX_ROWS
from halls.uploads.media import MAX_PICTURE_BYTES
from halls.uploads.slots import SLOTS_OF_OWNER
from halls.venues import schemas, service
from halls.webhooks.webhook import MAX_WEBHOOKS
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


def test_the_table_of_other_limits_has_the_numbers_of_the_code() -> None:
    table = SECTION.partition("| of | limit |")[2].partition("\n\n")[0]
    kib, mib = 1024, 1024**2
    told = [
        f"{MAX_FEEDS} calendar feeds, {MAX_WEBHOOKS} webhooks, {MAX_BLOCKS:_} blocked accounts",
        f"{email_store.MAX_RESET_EMAILS_AN_HOUR} about a new password in an hour",
        f"{email_store.MAX_RESET_EMAILS_A_DAY} in a day; 1 to verify",
        f"in {email_store.VERIFY_PAUSE.seconds // 60} minutes, {email_store.MAX_VERIFY_EMAILS_A_DAY} in a day",
        f"{email_store.MAX_VERIFY_EMAILS} in total",
        f"{MAX_PENDING_UNVERIFIED} pending requests",
        f"{json_body.MAX_BYTES // kib} KiB, {json_body.MAX_DEPTH} levels; a response lists {MAX_FAULTS} faults",
        f"{service.MAX_BYTES // kib} KiB as JSON",
        f"{schemas.MAX_DATES:_} dates, {schemas.MAX_DATES:_} prices, {schemas.MAX_URL:_} characters for each URL",
        f"{MAX_PICTURE_BYTES // mib} MiB for a picture",
        f"{SLOTS_OF_OWNER} at a time for an owner",
        f"{http_worker.GRACE_SECONDS:.0f} s, and a second more for each {http_worker.SLOWEST_BYTES // kib} KiB",
        f"each {http_worker.SLOWEST_READ_BYTES // kib} KiB that it reads",
        f"{windows.WINDOW:_} venues are examined, and {windows.MOST_TO_SORT:_} sorted by price",
        f"{service.MAX_PAGE_BYTES // mib} MiB for a page of `GET /venues/mine`, {MAX_MONTHS} months of statistics",
        f"{MAX_ROWS:_} rows of an export, {MAX_EVENTS:_} events of a feed",
    ]
    assert [line for line in told if line.replace("_", " ") not in table] == []


def test_the_table_has_each_setting_that_is_a_limit() -> None:
    assert read_table("setting | default") == find_settings()
