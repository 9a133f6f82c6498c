"""After an election nothing is told that a new primary may have read too early; what is written stands."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.mongo import failover
from halls.mongo.client import find_election
from tests.api_client import day

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.mongo.client import Db
    from tests.api_client import Api


class Elections:
    """Who is primary, as the application sees it; `waits` are those whose majority was waited for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now: ObjectId | None = ObjectId()
        self.waits: list[ObjectId | None] = []
        # What happens while a request waits for the majority, each once.
        self.meanwhile: list[Callable[[], None]] = []
        monkeypatch.setattr(failover, "find_election", lambda _: self.now)
        monkeypatch.setattr(failover, "wait_for_majority_commit", self._wait)

    def _wait(self, _: Db) -> None:
        self.waits.append(self.now)
        if self.meanwhile:
            self.meanwhile.pop()()

    def hold(self) -> None:
        """Let another win."""
        self.now = ObjectId()


@pytest.fixture
def elections(api: Api, monkeypatch: pytest.MonkeyPatch) -> Elections:
    """Begin with a primary that all know."""
    elections = Elections(monkeypatch)
    assert api.get("/venues/search").status == 200
    elections.waits.clear()
    return elections


def hold_during(monkeypatch: pytest.MonkeyPatch, name: str, elections: Elections) -> None:
    """Let an election happen right after the application has called that function."""
    module, _, attribute = name.rpartition(".")
    real: Any = getattr(importlib.import_module(module), attribute)

    def call(*args: Any, **options: Any) -> Any:
        try:
            return real(*args, **options)
        finally:
            elections.hold()

    monkeypatch.setattr(name, call)


def test_the_driver_knows_the_election_of_its_primary(db: Db) -> None:
    known = find_election(db)
    db.client.admin.command("ping")
    assert isinstance(known, ObjectId)
    assert known == db.client.admin.command("hello")["electionId"]


def test_the_first_request_after_an_election_waits_for_the_majority(api: Api, elections: Elections) -> None:
    elections.hold()
    for _ in range(2):
        assert api.get("/venues/search").status == 200
    assert elections.waits == [elections.now]


def test_a_request_that_found_no_primary_waits_for_the_next_ones_majority(api: Api, elections: Elections) -> None:
    elections.now = None
    elections.meanwhile.append(elections.hold)
    assert api.get("/venues/search").status == 200
    assert elections.waits == [None, elections.now]


def test_what_needs_no_database_waits_for_nobody(api: Api, elections: Elections) -> None:
    elections.hold()
    assert api.get("/health").status == 200
    assert elections.waits == []


def test_what_is_read_while_the_primary_changes_is_not_told(
    api: Api, elections: Elections, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        hold_during(patch, "halls.search.routes.search_venues", elections)
        answer = api.get("/venues/search")
    assert (answer.status, answer.code) == (503, "database_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert api.get("/venues/search").status == 200


def test_nor_that_something_is_not_there(api: Api, elections: Elections, monkeypatch: pytest.MonkeyPatch) -> None:
    token = api.guest()
    with monkeypatch.context() as patch:
        hold_during(patch, "halls.bookings.store.find_booking", elections)
        assert api.delete(f"/bookings/{ObjectId()}", as_=token).status == 503
    assert api.delete(f"/bookings/{ObjectId()}", as_=token).status == 404


def test_nor_is_anything_done_for_whom_it_has_read_so(
    api: Api, db: Db, elections: Elections, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = {"venue_id": api.list_venue(api.owner()), "date": day(1), "guests": 1}
    token = api.guest()
    with monkeypatch.context() as patch:
        hold_during(patch, "halls.accounts.authentication.find_account", elections)
        assert api.post("/bookings", order, as_=token).status == 503
    assert db.bookings.count_documents({}) == 0
    assert api.post("/bookings", order, as_=token).status == 201


def test_what_is_done_stands_though_the_primary_changes(
    api: Api, elections: Elections, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue_id, token = api.list_venue(api.owner()), api.guest()
    hold_during(monkeypatch, "halls.bookings.store.in_transaction", elections)
    order = {"venue_id": venue_id, "date": day(1), "guests": 1}
    assert api.post("/bookings", order, as_=token).status == 201


def test_a_primary_that_is_out_of_sight_is_no_new_one(
    api: Api, elections: Elections, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: Any) -> dict[str, Any]:
        elections.now = None
        return {"venues": [], "next_cursor": None}

    monkeypatch.setattr("halls.search.routes.search_venues", lose)
    assert api.get("/venues/search").status == 200
