"""The connection breaks at a commit and nobody tells what came of it: one booking at most, and one after a repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.fault_injection import REFUSAL_SECONDS, failing, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bson import ObjectId

    from tests.races.race_client import Call, RaceClient

CUT_OFF = {"closeConnection": True}
# Done, but the answer says that a majority of the nodes has not confirmed it: WriteConcernFailed.
DONE_BUT_UNSURE = {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}}
# Longer than the deadline of a transaction.
TOO_LATE = {"blockConnection": True, "blockTimeMS": 3_500}
ONCE, ALWAYS = {"times": 1}, "alwaysOn"
# Three times for each of the two orders.
THRICE = {"times": 6}
UNKNOWN = "503 database_unavailable"


@pytest.fixture(scope="module")
def race_client(fallible_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RaceClient]:
    """A server whose database fails on command."""
    with serving(fallible_uri, tmp_path_factory.mktemp("unknown")) as (server, race_client):
        yield race_client
        assert '"defect"' not in server.log_text()


def new_order(race_client: RaceClient, key: str | None = None) -> tuple[Call, ObjectId]:
    """Return an order of a new guest, and the venue that he orders."""
    venue_id = race_client.venue(race_client.person(owner=True))
    return race_client.person().order(venue_id, key=key), venue_id


def repeat_until_settled(race_client: RaceClient, order: Call) -> str:
    """Repeat an order until the transaction that it left behind is over; return what it is told then."""
    while (said := race_client.ask(order).said) == UNKNOWN:
        pass
    return said


@pytest.mark.parametrize("failure", [CUT_OFF, DONE_BUT_UNSURE])
def test_a_commit_that_fails_once_is_a_booking(failure: dict[str, Any], race_client: RaceClient) -> None:
    order, venue_id = new_order(race_client)
    with failing(race_client.db, ONCE, "commitTransaction", **failure):
        assert race_client.ask(order).said == "201"
    assert len(race_client.active(venue_id)) == 1
    assert race_client.ask(order).said == "409 date_taken"


def test_a_commit_that_is_done_though_no_answer_says_so_is_found_out_by_a_second_look(race_client: RaceClient) -> None:
    order, venue_id = new_order(race_client)
    with failing(race_client.db, ALWAYS, "commitTransaction", **DONE_BUT_UNSURE):
        assert race_client.ask(order).said == "201"
    assert len(race_client.active(venue_id)) == 1


@pytest.mark.parametrize(("mode", "failure"), [(THRICE, CUT_OFF), (ALWAYS, CUT_OFF), (ALWAYS, TOO_LATE)])
def test_however_a_commit_fails_there_are_never_two_bookings_and_a_repeat_settles_it(
    mode: str | dict[str, int], failure: dict[str, Any], race_client: RaceClient
) -> None:
    (plain, plain_venue), (keyed, keyed_venue) = new_order(race_client), new_order(race_client, key="once-only")
    with failing(race_client.db, mode, "commitTransaction", **failure):
        events = race_client.at_once(plain, keyed)
    assert {event.said for event in events} <= {"201", UNKNOWN}
    assert max(event.seconds for event in events) <= REFUSAL_SECONDS
    assert repeat_until_settled(race_client, plain) in {"201", "409 date_taken"}
    assert repeat_until_settled(race_client, keyed) == "201"
    assert [len(race_client.active(venue_id)) for venue_id in (plain_venue, keyed_venue)] == [1, 1]
