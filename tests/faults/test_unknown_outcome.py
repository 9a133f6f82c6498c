"""The outcome of a commit is unknown: at most one booking, and exactly one after a retry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.fault_injection import UNAVAILABLE_SECONDS, failing, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bson import ObjectId

    from tests.races.race_client import Call, RaceClient

CONNECTION_CLOSED = {"closeConnection": True}
# The commit succeeds, but the response is WriteConcernFailed: no majority has confirmed it.
COMMITTED_BUT_UNCONFIRMED = {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}}
# Longer than the deadline of a transaction.
TOO_LATE = {"blockConnection": True, "blockTimeMS": 3_500}
ONCE, ALWAYS = {"times": 1}, "alwaysOn"
# Three failures for each of the two booking requests.
THREE_TIMES_EACH = {"times": 6}
UNKNOWN = "503 database_unavailable"


@pytest.fixture(scope="module")
def race_client(failpoint_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RaceClient]:
    """A client of a server whose database has failpoints."""
    with serving(failpoint_uri, tmp_path_factory.mktemp("unknown")) as (server, race_client):
        yield race_client
        assert '"defect"' not in server.log_text()


def new_order(race_client: RaceClient, key: str | None = None) -> tuple[Call, ObjectId]:
    """Return a booking request of a new guest, and the id of its new venue."""
    venue_id = race_client.venue(race_client.account(owner=True))
    return race_client.account().order(venue_id, key=key), venue_id


def retry_until_known(race_client: RaceClient, order: Call) -> str:
    """Repeat a request until the outcome of its transaction is known; return the outcome."""
    while (outcome := race_client.request(order).outcome) == UNKNOWN:
        pass
    return outcome


@pytest.mark.parametrize("failure", [CONNECTION_CLOSED, COMMITTED_BUT_UNCONFIRMED])
def test_a_commit_that_fails_once_is_retried(failure: dict[str, Any], race_client: RaceClient) -> None:
    order, venue_id = new_order(race_client)
    with failing(race_client.db, ONCE, "commitTransaction", **failure):
        assert race_client.request(order).outcome == "201"
    assert len(race_client.find_active_bookings(venue_id)) == 1
    assert race_client.request(order).outcome == "409 date_taken"


def test_an_unconfirmed_commit_is_recognised_by_a_second_read(race_client: RaceClient) -> None:
    order, venue_id = new_order(race_client)
    with failing(race_client.db, ALWAYS, "commitTransaction", **COMMITTED_BUT_UNCONFIRMED):
        assert race_client.request(order).outcome == "201"
    assert len(race_client.find_active_bookings(venue_id)) == 1


@pytest.mark.parametrize(
    ("mode", "failure"), [(THREE_TIMES_EACH, CONNECTION_CLOSED), (ALWAYS, CONNECTION_CLOSED), (ALWAYS, TOO_LATE)]
)
def test_a_failing_commit_never_books_twice_and_a_retry_succeeds(
    mode: str | dict[str, int], failure: dict[str, Any], race_client: RaceClient
) -> None:
    (plain, plain_venue), (keyed, keyed_venue) = new_order(race_client), new_order(race_client, key="once-only")
    with failing(race_client.db, mode, "commitTransaction", **failure):
        events = race_client.at_once(plain, keyed)
    assert {event.outcome for event in events} <= {"201", UNKNOWN}
    assert max(event.seconds for event in events) <= UNAVAILABLE_SECONDS
    assert retry_until_known(race_client, plain) in {"201", "409 date_taken"}
    assert retry_until_known(race_client, keyed) == "201"
    assert [len(race_client.find_active_bookings(venue_id)) for venue_id in (plain_venue, keyed_venue)] == [1, 1]
