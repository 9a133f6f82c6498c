"""The database is not there yet, dies, or freezes: clients hear it in time, and the server recovers by itself."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from halls.mongo.client import connect
from halls.mongo.embedded import embedded_mongod
from tests.faults.fault_injection import (
    FIFTY_SECONDS,
    RECOVERY_SECONDS,
    all_kinds_of_calls,
    frozen,
    is_refused_well,
    is_well,
    pid_of_mongod,
    serving,
    wait_until,
)
from tests.races.race_client import Call, RaceClient, over_http

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from bson import ObjectId

    from halls.mongo.client import Db
    from tests.races.race_client import Person

SEARCH = Call("GET", "/venues/search")
HEALTH = Call("GET", "/health")


@contextmanager
def dead(pid: int) -> Iterator[None]:
    """Kill a process for good."""
    os.kill(pid, signal.SIGKILL)
    yield


@contextmanager
def well_served(folder: Path) -> Iterator[RaceClient]:
    """Run a mongod and a server on it, and wait until both of its workers are ready."""
    with embedded_mongod(folder / "mongo") as uri, serving(uri, folder) as (_, race_client):
        wait_until(lambda: is_well(race_client))
        yield race_client


def make_people_and_venue(db: Db) -> tuple[Person, Person, ObjectId]:
    """Make an owner, a guest and a venue."""
    race_client = RaceClient(db, over_http(0))
    owner, guest = race_client.person(owner=True), race_client.person()
    return owner, guest, race_client.venue(owner)


def find_bad_refusals(race_client: RaceClient, calls: list[Call]) -> list[str]:
    """Send all calls at once; name those not refused in time, with a 503 that says when to come again."""
    events = race_client.at_once(*calls)
    return [
        f"{call.method} {call.path}: {event.said} after {event.seconds:.1f} s"
        for call, event in zip(calls, events, strict=True)
        if not is_refused_well(event)
    ]


def find_slow_ones_of_fifty(race_client: RaceClient) -> list[str]:
    """Send fifty requests at once; name those not refused in the time that so many may take."""
    events = race_client.at_once(*[SEARCH] * 50)
    return [
        f"{event.said} after {event.seconds:.1f} s"
        for event in events
        if event.said != "503 database_unavailable" or event.seconds > FIFTY_SECONDS
    ]


def test_a_server_started_without_a_database_says_so_and_is_well_when_it_comes(tmp_path: Path) -> None:
    with embedded_mongod(tmp_path / "mongo") as uri:
        db = connect(uri)
        owner, guest, venue_id = make_people_and_venue(db)
        db.client.close()
    with ExitStack() as stack, serving(uri, tmp_path) as (_, race_client):
        assert find_bad_refusals(race_client, all_kinds_of_calls(owner, guest, venue_id)) == []
        assert find_slow_ones_of_fifty(race_client) == []
        assert race_client.ask(HEALTH).said == "200"
        # The same folder: the same data at the same port.
        stack.enter_context(embedded_mongod(tmp_path / "mongo"))
        wait_until(lambda: is_well(race_client), RECOVERY_SECONDS)
        assert race_client.ask(guest.order(venue_id)).said == "201"
        assert "one_active_booking_per_date" in race_client.db.bookings.index_information()


def test_while_the_database_is_frozen_everything_says_so_and_is_well_after_it(tmp_path: Path) -> None:
    with well_served(tmp_path) as race_client:
        owner, guest, venue_id = make_people_and_venue(race_client.db)
        order = guest.order(venue_id, key="sent-into-the-ice")
        with frozen(pid_of_mongod(race_client.db)):
            assert find_bad_refusals(race_client, [*all_kinds_of_calls(owner, guest, venue_id), order]) == []
            assert race_client.ask(HEALTH).said == "200"
        wait_until(lambda: is_well(race_client), RECOVERY_SECONDS)
        # What was told "later" may have taken effect since; a repeat finds out, and nothing is there twice.
        race_client.ask(order)
        assert len(race_client.active(venue_id)) <= 1
        assert race_client.find_homeless([venue_id]) == []


@pytest.mark.parametrize("harm", [frozen, dead])
def test_fifty_requests_at_once_hear_in_time_that_the_database_has_gone(
    harm: Callable[[int], AbstractContextManager[None]], tmp_path: Path
) -> None:
    with well_served(tmp_path) as race_client, harm(pid_of_mongod(race_client.db)):
        assert find_slow_ones_of_fifty(race_client) == []
