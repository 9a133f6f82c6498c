"""Concurrent orders of one guest at different venues never exceed the limit of pending requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.bookings import service as bookings
from halls.mongo.client import connect
from halls.server.startup import make_server_app
from tests.conftest import make_config
from tests.races import unguarded
from tests.races.conftest import SETTINGS
from tests.races.race_client import RaceClient, in_process, over_http
from tests.servers import running_server

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ORDERS, ROUNDS, LIMIT = 6, 10, 2


def race_for_the_limit(race_client: RaceClient, rounds: int) -> list[str]:
    """Order at several venues at once as a guest with an unverified address; return the violations."""
    violations: list[str] = []
    owner = race_client.account(owner=True)
    for guest in race_client.accounts(rounds):
        events = race_client.at_once(*[guest.order(venue_id) for venue_id in race_client.venues(owner, ORDERS)])
        outcomes = sorted(event.outcome for event in events)
        if outcomes != ["201"] * LIMIT + ["409 limit_reached"] * (ORDERS - LIMIT):
            violations.append(f"outcomes: {outcomes}")
        stored = race_client.db.bookings.count_documents({"user_id": guest.id})
        if stored != LIMIT:
            violations.append(f"{stored} pending requests")
    return violations


def test_concurrent_orders_do_not_exceed_the_limit(fresh_uri: str, tmp_path: Path) -> None:
    settings = {**SETTINGS, "MAX_PENDING_PER_GUEST": "10"}
    with running_server(mongo_uri=fresh_uri, folder=tmp_path, **settings) as server:
        server.api.wait_until_ready()
        db = connect(fresh_uri)
        assert race_for_the_limit(RaceClient(db, over_http(server.port)), ROUNDS) == []
        db.client.close()


def test_control_without_the_account_all_orders_succeed(fresh_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_server_app(make_config(mongo_uri=fresh_uri, max_pending_per_guest=10))
    db = app.extensions["halls"].db
    unguarded.order_without_the_account(monkeypatch)
    # Each transaction has counted before the first one commits.
    unguarded.meet_after(monkeypatch, bookings, "check_pending", ORDERS)
    assert f"{ORDERS} pending requests" in race_for_the_limit(RaceClient(db, in_process(app)), 1)
    db.client.close()
