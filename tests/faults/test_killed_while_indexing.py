"""A worker is killed during a booking or a cancellation: search results match the stored data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from halls.search.reindex import find_stale
from tests.factories import index_all
from tests.faults.fault_injection import serving
from tests.faults.test_killed_worker import kill_the_worker_at, request_until_response
from tests.races.race_client import DATE, Call, RaceClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import RunningServer


@pytest.fixture(scope="module")
def served(failpoint_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, RaceClient]]:
    """A server with one worker: the test kills this worker."""
    with serving(failpoint_uri, tmp_path_factory.mktemp("indexing"), WEB_WORKERS="1") as server_and_client:
        yield server_and_client


def search_ids(race_client: RaceClient, date: str) -> set[str]:
    """Return the ids of the venues that a search for the date returns."""
    answer = request_until_response(race_client, Call("GET", f"/venues/search?date={date}&limit=100")).answer
    return {venue["id"] for venue in answer.data["venues"]}


@pytest.mark.parametrize(
    ("action", "command", "is_committed"),
    [
        ("order", "update", False),
        ("order", "commitTransaction", True),
        ("cancel", "update", False),
        ("cancel", "commitTransaction", True),
    ],
)
def test_the_search_index_is_correct_after_a_worker_dies(
    served: tuple[RunningServer, RaceClient], action: str, command: str, *, is_committed: bool
) -> None:
    server, race_client = served
    guest, venue_id = race_client.account(), race_client.venue(race_client.account(owner=True))
    index_all(race_client.db)
    call = guest.order(venue_id)
    if action == "cancel":
        booking_id = request_until_response(race_client, call).answer.data["booking_id"]
        call = Call("DELETE", f"/bookings/{booking_id}", guest.token)
    collection = "search_entries" if command == "update" else None
    kill_the_worker_at(command, server, race_client, call, collection)
    assert list(find_stale(race_client.db)) == []
    # A new worker responds; the transaction has been committed or aborted by then.
    is_free = str(venue_id) in search_ids(race_client, DATE)
    assert list(find_stale(race_client.db)) == []
    assert is_free == (race_client.find_active_bookings(venue_id) == [])
    assert is_free == ((action == "cancel") == is_committed)
