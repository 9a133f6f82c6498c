"""Holds: when a pending booking expires, who ends it, and clocks that do not agree."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import Decimal128, ObjectId
from pymongo.errors import AutoReconnect, OperationFailure

from halls.bookings import holds
from halls.bookings.booking import read_hold_hours
from halls.bookings.store import list_expired_ids
from halls.clock import utc_now
from tests.conftest import make_config
from tests.factories import day, day_number_of, index_all, insert_booking, insert_venue, venue_document
from tests.profiling import profile
from tests.servers import running_halls
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from halls.mongo.client import Db, Document
    from tests.api_client import ApiClient

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=timezone.utc)
AGO = timedelta(seconds=-1)


def go_on() -> bool:
    """Return that the process does not stop."""
    return False


def insert_held(db: Db, hold: timedelta | None = AGO, **fields: Any) -> Document:
    """Insert a venue and a pending booking whose hold ends so long from now."""
    venue = insert_venue(db, ObjectId())
    hold_until = hold and utc_now() + hold
    booking = insert_booking(db, venue["_id"], ObjectId(), **{"hold_until": hold_until, **fields})
    index_all(db)
    return booking


def stored(db: Db, booking: Document) -> Document:
    """Return the stored booking."""
    found = db.bookings.find_one({"_id": booking["_id"]})
    assert found is not None
    return found


def expire(db: Db, now: datetime | None = None) -> int:
    """Run the task once."""
    return holds.expire_holds(db, now or utc_now(), go_on)


def test_a_request_expires_after_a_week_by_default(api: ApiClient) -> None:
    with time_machine.travel(NOON, tick=False):
        booking = api.book(api.guest(), api.list_venue(api.owner()), "2026-11-25").data["booking"]
    assert booking["hold_until"] == "2026-11-29T12:00:00Z"


@pytest.mark.parametrize(
    ("rules", "hours"),
    [
        ({"hold_hours": 24}, 24),
        ({"hold_hours": 0}, 0),
        ({"hold_hours": 720.0}, 720),
        ({"hold_hours": Decimal128("48")}, 48),
        ({"hold_hours": None}, 168),
        ({"hold_hours": 721}, 168),
        ({"hold_hours": -1}, 168),
        ({"hold_hours": "24"}, 168),
        ({"hold_hours": True}, 168),
        ({"hold_hours": float("nan")}, 168),
        ({"terms": "No smoke."}, 168),
        (None, 168),
        ([24], 168),
    ],
)
def test_the_rule_of_the_venue_comes_before_the_setting(rules: Any, hours: float) -> None:
    assert read_hold_hours(venue_document(ObjectId(), booking_rules=rules), 168) == hours


@pytest.mark.parametrize(("hours", "hold_until"), [(6, "2026-11-22T18:00:00Z"), (0, None)])
def test_the_hold_is_fixed_when_the_booking_is_placed(
    api: ApiClient, db: Db, hours: int, hold_until: str | None
) -> None:
    with time_machine.travel(NOON, tick=False):
        venue_id, guest = api.list_venue(api.owner()), api.guest()
        db.venues.update_one({}, {"$set": {"booking_rules": {"hold_hours": hours}}})
        booking = api.book(guest, venue_id, "2026-11-25").data["booking"]
        db.venues.update_one({}, {"$set": {"booking_rules": {"hold_hours": 700}}})
        assert booking["hold_until"] == hold_until
        assert api.get(f"/bookings/{booking['id']}", token=guest).data["booking"] == booking


@pytest.mark.parametrize("hours", [-1, 721, 1.5])
def test_an_invalid_setting_stops_the_start(hours: float) -> None:
    with pytest.raises(ValueError, match="hold_hours"):
        make_config(hold_hours=str(hours))


def test_the_task_cancels_an_expired_booking_and_frees_the_date(db: Db) -> None:
    booking = insert_held(db)
    assert day_number_of(5) not in db.search_entries.find_one({})["free"]  # type: ignore[index] # it exists
    now = utc_now()
    assert expire(db, now) == 1
    expired = stored(db, booking)
    assert (expired["status"], expired["updated_at"]) == ("cancelled", now)
    assert expired["cancellation"] == {"by": "expiry", "at": now, "reason": None, "from": "pending"}
    event = db.events.find_one({})
    assert event is not None
    assert (event["type"], event["by"]) == ("expired", "system")
    assert event["changes"] == {"status": {"from": "pending", "to": "cancelled"}}
    assert day_number_of(5) in db.search_entries.find_one({})["free"]  # type: ignore[index] # it exists
    assert expire(db) == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"hold_until": None},
        {"hold_until": "2020-01-01"},
        {"hold_until": 5},
        {"hold_until": [NOON]},
        {"status": "confirmed"},
        {"status": "cancelled"},
        {"date": day(-1)},
        {"hold_until": datetime(2090, 1, 1, tzinfo=timezone.utc)},
    ],
    ids=str,
)
def test_other_bookings_never_expire(db: Db, fields: Document) -> None:
    booking = insert_held(db, **fields)
    before = stored(db, booking)
    assert expire(db) == 0
    assert stored(db, booking) == before


def test_a_booking_of_an_external_writer_never_expires(db: Db) -> None:
    insert_booking(db, insert_venue(db, ObjectId())["_id"], ObjectId())
    assert expire(db, utc_now() + timedelta(days=400)) == 0


def test_a_clock_that_is_ahead_ends_no_hold(db: Db) -> None:
    booking = insert_held(db, timedelta(minutes=2))
    assert expire(db, utc_now() + timedelta(hours=1)) == 0
    assert stored(db, booking)["status"] == "pending"


def test_a_clock_that_is_behind_ends_no_hold(db: Db) -> None:
    insert_held(db, -timedelta(minutes=2))
    assert expire(db, utc_now() - timedelta(hours=1)) == 0


def test_a_server_whose_clock_is_ahead_takes_no_held_date(api: ApiClient, db: Db) -> None:
    venue_id = api.list_venue(api.owner())
    booking_id = api.book(api.guest(), venue_id, day(9)).data["booking_id"]
    with time_machine.travel(utc_now() + timedelta(days=8)):
        assert api.book(api.guest(), venue_id, day(1)).code == "date_taken"
    booking = db.bookings.find_one({"_id": ObjectId(booking_id)})
    assert booking is not None
    assert booking["status"] == "pending"


def test_the_next_order_takes_the_date_of_an_expired_booking(api: ApiClient, db: Db) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    old_id = api.book(guest, venue_id, day(3)).data["booking_id"]
    assert api.book(api.guest(), venue_id, day(3)).code == "date_taken"
    db.bookings.update_one({}, {"$set": {"hold_until": utc_now() + AGO}})
    new = api.book(api.guest(), venue_id, day(3))
    assert new.status == 201
    old = api.get(f"/bookings/{old_id}", token=guest).data["booking"]
    assert (old["status"], old["cancellation"]["by"], old["hold_until"]) == ("cancelled", "expiry", None)
    history = api.get(f"/bookings/{old_id}/history", token=owner).data["history"]
    assert [(entry["type"], entry["by"]) for entry in history] == [("placed", "guest"), ("expired", "system")]
    assert api.book(api.guest(), venue_id, day(3)).code == "date_taken"
    assert not api.get(f"/venues/{venue_id}/availability?date={day(3)}").data["available"]
    assert day_number_of(3) not in db.search_entries.find_one({})["free"]  # type: ignore[index] # it exists


def test_guests_can_order_again_when_their_own_request_has_expired(api: ApiClient, db: Db) -> None:
    guest, venue_id = api.guest(), api.list_venue(api.owner())
    api.book(guest, venue_id, day(3))
    db.bookings.update_one({}, {"$set": {"hold_until": utc_now() + AGO}})
    assert api.book(guest, venue_id, day(3)).status == 201


@pytest.mark.parametrize("body", [{"status": "confirmed"}, {"hold_hours": 5}])
def test_until_the_expiry_is_stored_the_owner_can_still_answer(api: ApiClient, db: Db, body: Document) -> None:
    owner = api.owner()
    booking_id = api.book(api.guest(), api.list_venue(owner), day(3)).data["booking_id"]
    db.bookings.update_one({}, {"$set": {"hold_until": utc_now() + AGO}})
    assert api.patch(f"/bookings/{booking_id}", body, token=owner).status == 200
    assert expire(db) == 0


def test_the_task_stops_between_two_bookings(db: Db) -> None:
    for date in (day(2), day(5)):
        insert_held(db, date=date)
    answers = iter([False, True])
    assert holds.expire_holds(db, utc_now(), lambda: next(answers)) == 1


def test_a_booking_that_cannot_expire_does_not_stop_the_others(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = insert_held(db, date=day(2))
    good = insert_held(db, date=day(5))
    expire_booking = holds.expire_booking

    def fail_for_one(db: Db, booking_id: ObjectId, *rest: Any) -> Any:
        if booking_id == bad["_id"]:
            raise OperationFailure("Document failed validation", 121)
        return expire_booking(db, booking_id, *rest)

    monkeypatch.setattr(holds, "expire_booking", fail_for_one)
    assert expire(db) == 1
    assert (stored(db, bad)["status"], stored(db, good)["status"]) == ("pending", "cancelled")


def test_an_outage_ends_the_run(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    insert_held(db)

    def fail(*_: Any) -> Any:
        raise AutoReconnect

    monkeypatch.setattr(holds, "in_transaction", fail)
    with pytest.raises(AutoReconnect):
        expire(db)


def test_the_task_logs_how_many_holds_expired(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[Document] = []
    monkeypatch.setattr(holds.log, "info", lambda event, **values: lines.append({"event": event, **values}))
    insert_held(db)
    for _ in range(2):
        holds.run_expiry(db, make_config(), go_on)
    assert lines == [{"event": "holds expired", "count": 1}]


def test_past_requests_do_not_slow_the_search_for_expired_holds(db: Db) -> None:
    venue_id, old = ObjectId(), {"status": "pending", "hold_until": NOON, "guests": 1}
    # One venue for each: the unique index allows one active booking a date.
    db.bookings.insert_many([{"venue_id": ObjectId(), "date": day(-n % 300 - 300), **old} for n in range(2_000)])
    db.bookings.insert_many([{**old, "venue_id": venue_id, "date": day(n), "hold_until": None} for n in range(50)])
    booking = insert_held(db)
    ids, (query,) = profile(db, "bookings", lambda: list_expired_ids(db, utc_now(), limit=5))
    assert ids == [booking["_id"]]
    assert query["docsExamined"] == 1
    assert query["keysExamined"] < 150


def test_a_worker_frees_the_date_within_thirty_seconds(mongo_uri: str, db: Db, tmp_path: Path) -> None:
    booking = insert_held(db)
    uri = mongo_uri.replace("/halls?", f"/{db.name}?")
    with running_halls("worker", uri, tmp_path / "worker.log", LOG_LEVEL="INFO"):
        wait_until(lambda: stored(db, booking)["status"] == "cancelled")
        wait_until(lambda: "holds expired" in (tmp_path / "worker.log").read_text())
