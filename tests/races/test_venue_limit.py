"""Concurrent registrations of one owner never exceed the limit of venues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.mongo.client import connect
from halls.server.startup import make_server_app
from halls.venues import store as venues_store
from tests.conftest import make_config
from tests.factories import venue_body
from tests.races import unguarded
from tests.races.conftest import SETTINGS
from tests.races.race_client import Call, RaceClient, in_process, over_http
from tests.servers import running_server

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

REGISTRATIONS, ROUNDS, LIMIT = 6, 8, 2


def race_for_the_limit(race_client: RaceClient, rounds: int) -> list[str]:
    """Register several venues at once; return the violations."""
    violations: list[str] = []
    for _ in range(rounds):
        owner = race_client.account(owner=True)
        calls = [Call("POST", "/venues/register", owner.token, venue_body()) for _ in range(REGISTRATIONS)]
        outcomes = sorted(event.outcome for event in race_client.at_once(*calls))
        if outcomes != ["201"] * LIMIT + ["409 limit_reached"] * (REGISTRATIONS - LIMIT):
            violations.append(f"outcomes: {outcomes}")
        stored = race_client.db.venues.count_documents({"owner_id": owner.id})
        if stored != LIMIT:
            violations.append(f"{stored} venues")
    return violations


def test_concurrent_registrations_do_not_exceed_the_limit(fresh_uri: str, tmp_path: Path) -> None:
    settings = {**SETTINGS, "MAX_VENUES_PER_OWNER": str(LIMIT)}
    with running_server(mongo_uri=fresh_uri, folder=tmp_path, **settings) as server:
        server.api.wait_until_ready()
        db = connect(fresh_uri)
        assert race_for_the_limit(RaceClient(db, over_http(server.port)), ROUNDS) == []
        db.client.close()


def test_control_without_the_account_all_registrations_succeed(fresh_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_server_app(make_config(mongo_uri=fresh_uri, max_venues_per_owner=LIMIT))
    db = app.extensions["halls"].db
    unguarded.register_without_the_account(monkeypatch)
    # Each transaction has counted before the first one commits.
    unguarded.meet_after(monkeypatch, venues_store, "count_venues_of", REGISTRATIONS)
    assert f"{REGISTRATIONS} venues" in race_for_the_limit(RaceClient(db, in_process(app)), 1)
    db.client.close()
