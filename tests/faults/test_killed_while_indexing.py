"""A worker is killed in the midst of a booking or a cancellation: search shows what is stored, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from halls.search.reindex import find_stale
from tests.faults.fault_injection import serving
from tests.faults.test_killed_worker import ask_until_answered, kill_the_worker_at
from tests.races.race_client import DATE, Call, RaceClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import RunningServer


@pytest.fixture(scope="module")
def served(fallible_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, RaceClient]]:
    """A server of a single worker, so that it is known which one to kill."""
    with serving(fallible_uri, tmp_path_factory.mktemp("cataloguing"), WEB_WORKERS="1") as found:
        yield found


def found_on(race_client: RaceClient, date: str) -> set[str]:
    """Return the ids of the venues that search shows on a date."""
    answer = ask_until_answered(race_client, Call("GET", f"/venues/search?date={date}&limit=100")).answer
    return {venue["id"] for venue in answer.data["venues"]}


@pytest.mark.parametrize(
    ("what", "command", "is_kept"),
    [
        ("order", "update", False),
        ("order", "commitTransaction", True),
        ("cancel", "update", False),
        ("cancel", "commitTransaction", True),
    ],
)
def test_the_catalog_is_true_whenever_a_worker_dies(
    served: tuple[RunningServer, RaceClient], what: str, command: str, *, is_kept: bool
) -> None:
    server, race_client = served
    guest, venue_id = race_client.person(), race_client.venue(race_client.person(owner=True))
    call = guest.order(venue_id)
    if what == "cancel":
        booking_id = ask_until_answered(race_client, call).answer.data["booking_id"]
        call = Call("DELETE", f"/bookings/{booking_id}", guest.token)
    where = {"namespace": f"{race_client.db.name}.catalog"} if command == "update" else {}
    kill_the_worker_at(command, server, race_client, call, **where)
    assert list(find_stale(race_client.db)) == []
    # Somebody answers again, and what was under way has ended one way or the other.
    is_free = str(venue_id) in found_on(race_client, DATE)
    assert list(find_stale(race_client.db)) == []
    assert is_free == (race_client.active(venue_id) == [])
    assert is_free == ((what == "cancel") == is_kept)
