"""After an election, reads from an unconfirmed primary get a 503, and committed writes succeed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.mongo import failover
from halls.mongo.client import find_election
from tests.factories import day

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.mongo.client import Db
    from tests.api_client import ApiClient


class Elections:
    """The current primary's election id as the application sees it; `waits` lists the elections that it waited for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.current: ObjectId | None = ObjectId()
        self.waits: list[ObjectId | None] = []
        # Callbacks that run while a request waits for the majority, each once.
        self.during_wait: list[Callable[[], None]] = []
        monkeypatch.setattr(failover, "find_election", lambda _: self.current)
        monkeypatch.setattr(failover, "wait_for_majority_commit", self._wait)

    def _wait(self, _: Db) -> None:
        self.waits.append(self.current)
        if self.during_wait:
            self.during_wait.pop()()

    def elect(self) -> None:
        """Let another node win an election."""
        self.current = ObjectId()


@pytest.fixture
def elections(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> Elections:
    """A primary that the application has confirmed."""
    elections = Elections(monkeypatch)
    assert api.get("/venues/search").status == 200
    elections.waits.clear()
    return elections


def elect_after(monkeypatch: pytest.MonkeyPatch, name: str, elections: Elections) -> None:
    """Let an election happen right after the application has called the function `name`."""
    module, _, attribute = name.rpartition(".")
    original: Any = getattr(importlib.import_module(module), attribute)

    def call(*args: Any, **options: Any) -> Any:
        try:
            return original(*args, **options)
        finally:
            elections.elect()

    monkeypatch.setattr(name, call)


def test_the_driver_knows_the_election_id_of_the_primary(db: Db) -> None:
    election_id = find_election(db)
    db.client.admin.command("ping")
    assert isinstance(election_id, ObjectId)
    assert election_id == db.client.admin.command("hello")["electionId"]


def test_the_first_request_after_an_election_waits_for_the_majority(api: ApiClient, elections: Elections) -> None:
    elections.elect()
    for _ in range(2):
        assert api.get("/venues/search").status == 200
    assert elections.waits == [elections.current]


def test_a_request_without_a_primary_waits_for_the_next_primarys_majority(api: ApiClient, elections: Elections) -> None:
    elections.current = None
    elections.during_wait.append(elections.elect)
    assert api.get("/venues/search").status == 200
    assert elections.waits == [None, elections.current]


def test_a_request_without_database_access_does_not_wait(api: ApiClient, elections: Elections) -> None:
    elections.elect()
    assert api.get("/health").status == 200
    assert elections.waits == []


def test_a_read_during_an_election_gets_a_503(
    api: ApiClient, elections: Elections, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        elect_after(patch, "halls.search.routes.search_venues", elections)
        response = api.get("/venues/search")
    assert (response.status, response.code) == (503, "database_unavailable")
    assert int(response.headers["Retry-After"]) > 0
    assert api.get("/venues/search").status == 200


def test_a_missing_record_during_an_election_gets_a_503(
    api: ApiClient, elections: Elections, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = api.guest()
    with monkeypatch.context() as patch:
        elect_after(patch, "halls.bookings.store.find_booking", elections)
        assert api.delete(f"/bookings/{ObjectId()}", token=token).status == 503
    assert api.delete(f"/bookings/{ObjectId()}", token=token).status == 404


def test_an_election_during_authentication_prevents_the_write(
    api: ApiClient, db: Db, elections: Elections, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"venue_id": api.list_venue(api.owner()), "date": day(1), "guests": 1}
    token = api.guest()
    with monkeypatch.context() as patch:
        elect_after(patch, "halls.accounts.authentication.find_account_of_token", elections)
        assert api.post("/bookings", body, token=token).status == 503
    assert db.bookings.count_documents({}) == 0
    assert api.post("/bookings", body, token=token).status == 201


def test_a_committed_write_succeeds_although_the_primary_changes(
    api: ApiClient, elections: Elections, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue_id, token = api.list_venue(api.owner()), api.guest()
    elect_after(monkeypatch, "halls.bookings.store.in_transaction", elections)
    body = {"venue_id": venue_id, "date": day(1), "guests": 1}
    assert api.post("/bookings", body, token=token).status == 201


def test_a_lost_primary_does_not_count_as_an_election(
    api: ApiClient, elections: Elections, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: Any) -> dict[str, Any]:
        elections.current = None
        return {"venues": [], "next_cursor": None}

    monkeypatch.setattr("halls.search.routes.search_venues", lose)
    assert api.get("/venues/search").status == 200
