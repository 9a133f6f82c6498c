"""A start warns of settings that are valid but give up a protection."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from halls.server.weak_settings import warn_of_weak_settings
from tests.commands import PRODUCTION, run_halls
from tests.conftest import make_config

SAFE = {
    **{name.lower(): value for name, value in PRODUCTION.items()},
    "mongo_uri": "mongodb://db.example/halls",
    "rate_limits": "on",
    "trusted_proxies": 1,
}


def list_warnings(*, demo: bool = False, **settings: Any) -> list[str]:
    """Return the settings that a start warns of."""
    with capture_logs() as lines:
        warn_of_weak_settings(make_config(**settings), demo=demo)
    assert all((line["event"], line["log_level"]) == ("weak setting", "warning") for line in lines)
    assert all(line["advice"].endswith(".") for line in lines)
    return [line["name"] for line in lines]


@pytest.mark.parametrize(
    ("weak", "named"),
    [
        ({}, []),
        ({"rate_limits": "off"}, ["RATE_LIMITS"]),
        ({"trusted_proxies": 0}, ["TRUSTED_PROXIES"]),
        ({"rate_limits": "off", "trusted_proxies": 0}, ["RATE_LIMITS", "TRUSTED_PROXIES"]),
        ({"host": "0.0.0.0"}, []),  # noqa: S104 - not bound
    ],
    ids=str,
)
def test_production_warns_of_settings_that_give_up_a_protection(weak: dict[str, Any], named: list[str]) -> None:
    assert list_warnings(**{**SAFE, **weak}) == named


def test_development_on_this_machine_is_silent() -> None:
    assert list_warnings(rate_limits="off", trusted_proxies=0) == []


@pytest.mark.parametrize(
    ("host", "named"),
    [("127.0.0.1", []), ("::1", []), ("localhost", []), ("127.0.0.2", []), ("0.0.0.0", ["HOST"]), ("::", ["HOST"])],  # noqa: S104 - not bound
)
def test_demonstration_accounts_on_a_reachable_address_get_a_warning(host: str, named: list[str]) -> None:
    assert list_warnings(demo=True, host=host) == named
    assert list_warnings(host=host) == []


def test_serve_warns_before_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halls.server.cli.serve", lambda *_: None)
    monkeypatch.setattr("halls.server.cli._check_address", lambda _: None)
    settings = {"HOST": "0.0.0.0", "LOG_LEVEL": "WARNING"}  # noqa: S104 - not bound
    result = run_halls("mongodb://127.0.0.1:1/halls", "serve", "--demo", **settings)
    assert result.exit_code == 0
    assert '"event": "weak setting"' in result.stderr
