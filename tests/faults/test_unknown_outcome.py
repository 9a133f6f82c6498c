"""The connection breaks at a commit and nobody tells what came of it: one booking at most, and one after a repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.breaking import REFUSAL_SECONDS, failing, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bson import ObjectId

    from tests.races.arena import Arena, Call

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
def arena(fallible_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A server whose database fails on command."""
    with serving(fallible_uri, tmp_path_factory.mktemp("unknown")) as (server, arena):
        yield arena
        assert '"defect"' not in server.log_text()


def new_order(arena: Arena, key: str | None = None) -> tuple[Call, ObjectId]:
    """Return an order of a new guest, and the venue that he orders."""
    venue_id = arena.venue(arena.person(owner=True))
    return arena.person().order(venue_id, key=key), venue_id


def repeat_until_settled(arena: Arena, order: Call) -> str:
    """Repeat an order until the transaction that it left behind is over; return what it is told then."""
    while (said := arena.ask(order).said) == UNKNOWN:
        pass
    return said


@pytest.mark.parametrize("failure", [CUT_OFF, DONE_BUT_UNSURE])
def test_a_commit_that_fails_once_is_a_booking(failure: dict[str, Any], arena: Arena) -> None:
    order, venue_id = new_order(arena)
    with failing(arena.db, ONCE, "commitTransaction", **failure):
        assert arena.ask(order).said == "201"
    assert len(arena.active(venue_id)) == 1
    assert arena.ask(order).said == "409 date_taken"


def test_a_commit_that_is_done_though_no_answer_says_so_is_found_out_by_a_second_look(arena: Arena) -> None:
    order, venue_id = new_order(arena)
    with failing(arena.db, ALWAYS, "commitTransaction", **DONE_BUT_UNSURE):
        assert arena.ask(order).said == "201"
    assert len(arena.active(venue_id)) == 1


@pytest.mark.parametrize(("mode", "failure"), [(THRICE, CUT_OFF), (ALWAYS, CUT_OFF), (ALWAYS, TOO_LATE)])
def test_however_a_commit_fails_there_are_never_two_bookings_and_a_repeat_settles_it(
    mode: str | dict[str, int], failure: dict[str, Any], arena: Arena
) -> None:
    (plain, plain_venue), (keyed, keyed_venue) = new_order(arena), new_order(arena, key="once-only")
    with failing(arena.db, mode, "commitTransaction", **failure):
        events = arena.at_once(plain, keyed)
    assert {event.said for event in events} <= {"201", UNKNOWN}
    assert max(event.seconds for event in events) <= REFUSAL_SECONDS
    assert repeat_until_settled(arena, plain) in {"201", "409 date_taken"}
    assert repeat_until_settled(arena, keyed) == "201"
    assert [len(arena.active(venue_id)) for venue_id in (plain_venue, keyed_venue)] == [1, 1]
