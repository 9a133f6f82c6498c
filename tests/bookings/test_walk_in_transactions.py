"""Walk-ins that offer their date, that are repeated, or whose venue changes at the same time."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.bookings import store, walk_ins
from halls.bookings.booking import DateTaken
from halls.clock import utc_now
from halls.venues import store as venues
from halls.venues.schemas import MAX_DATES
from tests.bookings.walk_in_desk import Desk
from tests.factories import day, insert_booking

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.mongo.client import Db
    from tests.api_client import ApiClient


@pytest.fixture
def desk(api: ApiClient, db: Db) -> Desk:
    """An owner with a venue."""
    return Desk(api, db)


def test_the_error_for_a_date_that_is_not_offered_says_how_to_offer_it(desk: Desk) -> None:
    expected = "The venue is not offered on this date. Send offer: true to offer it as well."
    assert desk.enter(date=day(20)).json["error"] == expected


def test_offer_adds_the_date_in_order_and_keeps_the_search_entry_current(desk: Desk) -> None:
    desk.change_venue(dates_available=[day(9), day(2), day(9)], updated_at=datetime(2020, 1, 1, tzinfo=timezone.utc))
    assert desk.enter(date=day(4), offer=True).data["booking"]["price_locked"] == 104_000
    assert desk.venue["dates_available"] == [day(2), day(4), day(9)]
    assert desk.venue["updated_at"] > utc_now() - timedelta(minutes=1)
    assert not desk.find_stale_entries()
    assert not desk.api.get(f"/venues/{desk.venue_id}/availability?date={day(4)}").data["available"]


def test_offer_changes_nothing_if_the_date_is_offered(desk: Desk) -> None:
    before = desk.venue
    assert desk.enter(offer=True).status == 201
    assert {**desk.venue, "rev": 0} == {**before, "rev": 0}
    assert not desk.find_stale_entries()


@pytest.mark.parametrize("stored", [None, "often", {}, [5, None]], ids=repr)
def test_a_venue_of_an_external_writer_without_dates_can_offer_one(desk: Desk, stored: Any) -> None:
    desk.change_venue(dates_available=stored)
    assert desk.enter(offer=True).status == 201
    assert desk.venue["dates_available"] == [day(3)]


def test_a_venue_with_the_most_dates_can_offer_no_more(desk: Desk) -> None:
    first = date.fromisoformat(day(10))
    dates = [(first + timedelta(days=number)).isoformat() for number in range(MAX_DATES)]
    desk.change_venue(dates_available=dates)
    answer = desk.enter(offer=True)
    assert (answer.status, answer.code, answer.fields) == (422, "validation_error", ["offer"])
    assert answer.json["details"][0]["rule"] == "too_many"
    assert (desk.count(), desk.venue["dates_available"]) == (0, dates)
    desk.change_venue(dates_available=dates[1:])
    assert desk.enter(offer=True).status == 201


def test_the_same_key_returns_the_first_response(desk: Desk) -> None:
    first, again = desk.enter(key="a"), desk.enter(key="a")
    assert (again.status, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert (again.data, desk.count()) == (first.data, 1)
    assert desk.enter(key="a", guests=99).code == "idempotency_conflict"
    assert desk.enter(key="b").code == "date_taken"


def test_one_key_may_be_used_at_two_venues(desk: Desk) -> None:
    first = desk.enter(key="a")
    other = desk.enter(key="a", venue_id=desk.api.list_venue(desk.token))
    assert (first.status, other.status, desk.count()) == (201, 201, 2)


def test_a_rival_with_the_same_key_gets_the_stored_response(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    after_first_checks(monkeypatch, lambda: desk.enter(key="a"))
    answer = desk.enter(key="a")
    assert (answer.status, answer.headers["Idempotent-Replayed"], desk.count()) == (201, "true", 1)


def after_first_checks(monkeypatch: pytest.MonkeyPatch, action: Callable[[], Any]) -> None:
    """Run `action` once, after the first checks of a walk-in and before its transaction."""
    commit = store.commit_booking

    def act_and_commit(*args: Any) -> Any:
        monkeypatch.setattr(store, "commit_booking", commit)
        action()
        return commit(*args)

    monkeypatch.setattr(store, "commit_booking", act_and_commit)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda desk: desk.change_venue(capacity=99), "over_capacity"),
        (lambda desk: desk.change_venue(dates_available=[]), "date_not_offered"),
        (lambda desk: desk.db.venues.delete_many({}), "not_found"),
        (lambda desk: desk.db.users.delete_many({}), "token_revoked"),
        (lambda desk: insert_booking(desk.db, ObjectId(desk.venue_id), ObjectId(), date=day(3)), "date_taken"),
    ],
    ids=["capacity", "date", "venue", "account", "booking"],
)
def test_a_change_after_the_first_checks_is_noticed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, change: Callable[[Desk], Any], code: str
) -> None:
    after_first_checks(monkeypatch, lambda: change(desk))
    assert desk.enter().code == code
    assert desk.db.bookings.count_documents({"is_walk_in": True}) == 0


def test_a_taken_date_that_is_free_again_is_still_an_error(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise DateTaken

    monkeypatch.setattr(store, "commit_booking", fail)
    assert desk.enter().code == "date_taken"


def test_dates_added_after_the_first_checks_are_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    after_first_checks(monkeypatch, lambda: desk.change_venue(dates_available=[day(30)]))
    assert desk.enter(date=day(20), offer=True).status == 201
    assert desk.venue["dates_available"] == [day(20), day(30)]


def test_a_failed_walk_in_offers_no_date(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = desk.venue
    rival = {"date": day(20), "status": "confirmed"}
    after_first_checks(monkeypatch, lambda: insert_booking(desk.db, ObjectId(desk.venue_id), ObjectId(), **rival))
    assert desk.enter(date=day(20), offer=True).code == "date_taken"
    assert desk.venue == before


def test_a_date_that_the_owner_adds_meanwhile_restarts_the_transaction(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the list that was read before would replace the new one."""
    real, changes = venues.get_venue, [day(30)]

    def get_and_change(db: Db, venue_id: ObjectId, session: Any = None) -> Any:
        venue = real(db, venue_id, session)
        if session is not None and changes:
            desk.change_venue(dates_available=[changes.pop()])
        return venue

    monkeypatch.setattr(walk_ins.venues, "get_venue", get_and_change)
    assert desk.enter(date=day(20), offer=True).status == 201
    assert desk.venue["dates_available"] == [day(20), day(30)]
