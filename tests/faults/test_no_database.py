"""The database is missing at the start, dies, or freezes: clients get a timely 503; the server recovers."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from halls.mongo.client import connect
from halls.mongo.embedded import embedded_mongod
from tests.faults.fault_injection import (
    FIFTY_SECONDS,
    RECOVERY_SECONDS,
    every_kind_of_call,
    frozen,
    is_proper_503,
    is_ready,
    pid_of_mongod,
    serving,
)
from tests.races.race_client import Call, RaceClient, over_http
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bson import ObjectId

    from halls.mongo.client import Db
    from tests.races.race_client import Account

SEARCH = Call("GET", "/venues/search")
HEALTH = Call("GET", "/health")


@contextmanager
def ready_server(folder: Path) -> Iterator[RaceClient]:
    """Run a mongod and a server on it; wait until both workers are ready; yield a client."""
    with embedded_mongod(folder / "mongo") as uri, serving(uri, folder) as (_, race_client):
        wait_until(lambda: is_ready(race_client))
        yield race_client


def make_accounts_and_venue(db: Db) -> tuple[Account, Account, ObjectId]:
    """Insert an owner, a guest and a venue."""
    race_client = RaceClient(db, over_http(0))
    owner, guest = race_client.account(owner=True), race_client.account()
    return owner, guest, race_client.venue(owner)


def find_improper_responses(race_client: RaceClient, calls: list[Call]) -> list[str]:
    """Send all calls at once; return those without a timely 503 with Retry-After."""
    events = race_client.at_once(*calls)
    return [
        f"{call.method} {call.path}: {event.outcome} after {event.seconds:.1f} s"
        for call, event in zip(calls, events, strict=True)
        if not is_proper_503(event)
    ]


def find_improper_responses_of_fifty(race_client: RaceClient) -> list[str]:
    """Send fifty requests at once; return the responses that are not a 503 within FIFTY_SECONDS."""
    events = race_client.at_once(*[SEARCH] * 50)
    return [
        f"{event.outcome} after {event.seconds:.1f} s"
        for event in events
        if event.outcome != "503 database_unavailable" or event.seconds > FIFTY_SECONDS
    ]


def test_a_server_started_without_a_database_returns_503_and_recovers(tmp_path: Path) -> None:
    with embedded_mongod(tmp_path / "mongo") as uri:
        db = connect(uri)
        owner, guest, venue_id = make_accounts_and_venue(db)
        db.client.close()
    with ExitStack() as stack, serving(uri, tmp_path) as (_, race_client):
        assert find_improper_responses(race_client, every_kind_of_call(owner, guest, venue_id)) == []
        assert find_improper_responses_of_fifty(race_client) == []
        assert race_client.request(HEALTH).outcome == "200"
        # The same folder has the same data and the same port.
        stack.enter_context(embedded_mongod(tmp_path / "mongo"))
        wait_until(lambda: is_ready(race_client), RECOVERY_SECONDS)
        assert race_client.request(guest.order(venue_id)).outcome == "201"
        assert "one_active_booking_per_date" in race_client.db.bookings.index_information()


def test_requests_get_503_while_the_database_is_frozen(tmp_path: Path) -> None:
    with ready_server(tmp_path) as race_client:
        owner, guest, venue_id = make_accounts_and_venue(race_client.db)
        order = guest.order(venue_id, key="sent-to-a-frozen-database")
        with frozen(pid_of_mongod(race_client.db)):
            assert find_improper_responses(race_client, [*every_kind_of_call(owner, guest, venue_id), order]) == []
            assert race_client.request(HEALTH).outcome == "200"
        wait_until(lambda: is_ready(race_client), RECOVERY_SECONDS)
        # A request with a 503 may have taken effect since. A retry must not book twice.
        race_client.request(order)
        assert len(race_client.find_active_bookings(venue_id)) <= 1
        assert race_client.find_unoffered_bookings([venue_id]) == []
        with frozen(pid_of_mongod(race_client.db)):
            assert find_improper_responses_of_fifty(race_client) == []


def test_fifty_concurrent_requests_get_a_timely_503_after_the_database_died(tmp_path: Path) -> None:
    with ready_server(tmp_path) as race_client:
        os.kill(pid_of_mongod(race_client.db), signal.SIGKILL)
        assert find_improper_responses_of_fifty(race_client) == []
