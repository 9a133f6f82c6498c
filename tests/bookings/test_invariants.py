"""`halls check` compares bookings with their events, and finds requests that should have expired."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from halls.bookings.event import new_event
from halls.bookings.invariants import check_history, check_holds
from halls.clock import day_in_karachi, utc_now
from halls.mongo.client import connect
from halls.mongo.heartbeats import save_heartbeat
from tests.factories import day, insert_booking, insert_owner, insert_user, insert_venue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bson import ObjectId

    from halls.mongo.client import Db, Document


@pytest.fixture
def bare(fresh_uri: str) -> Iterator[Db]:
    """A database without indexes and validators, so that it accepts any document."""
    db = connect(fresh_uri)
    yield db
    db.client.close()


@pytest.fixture
def venue(bare: Db) -> Document:
    """A venue and its owner."""
    return insert_venue(bare, insert_owner(bare, email="owner@example.com")["_id"])


@pytest.fixture
def guest(bare: Db) -> ObjectId:
    """A guest's id."""
    guest_id: ObjectId = insert_user(bare)["_id"]
    return guest_id


def violations(db: Db) -> dict[str, list[list[str]]]:
    """Return the documents of each violated invariant."""
    found: dict[str, list[list[str]]] = {}
    for check in (check_history, check_holds):
        for violation in check(db, day_in_karachi(utc_now())):
            found.setdefault(violation.invariant, []).append(list(violation.documents))
    return found


@pytest.fixture
def ended(bare: Db, venue: Document, guest: ObjectId) -> ObjectId:
    """Insert a booking that was placed and cancelled, with its events. Return its id."""
    cancellation = {"by": "guest", "at": utc_now(), "reason": None, "from": "pending"}
    fields: Document = {"status": "cancelled", "event_count": 2, "cancellation": cancellation}
    booking: Any = insert_booking(bare, venue["_id"], guest, date=day(3), **fields)
    for seq, kind in ((1, "placed"), (2, "cancelled")):
        bare.events.insert_one(dict(new_event(booking, seq, kind, "guest", {}, utc_now())))  # type: ignore[arg-type] # valid
    # Bookings without `event_count` are those of external writers.
    insert_booking(bare, venue["_id"], guest, date=day(4), status="cancelled", cancellation=cancellation)
    booking_id: ObjectId = booking["_id"]
    return booking_id


def test_a_complete_history_passes(bare: Db, ended: ObjectId) -> None:
    assert violations(bare) == {}
    # An external writer has cancelled it, or an older version of Halls.
    bare.bookings.update_one({"_id": ended}, {"$unset": {"cancellation": 1}})
    assert violations(bare) == {}


@pytest.mark.parametrize(
    "event",
    [
        {"seq": 2, "new": None},
        {"seq": 1, "new": None},
        {"seq": 2, "new": {"seq": 3}},
        {"seq": 2, "new": {"type": "confirmed"}},
        {"seq": 1, "new": {"type": "expired"}},
    ],
    ids=str,
)
def test_an_incomplete_history_is_found(bare: Db, ended: ObjectId, event: Document) -> None:
    if event["new"]:
        bare.events.update_one({"seq": event["seq"]}, {"$set": event["new"]})
    else:
        bare.events.delete_one({"seq": event["seq"]})
    assert violations(bare) == {"history_complete": [[str(ended)]]}


def test_a_history_that_was_deleted_after_three_years_is_complete(bare: Db, ended: ObjectId) -> None:
    bare.events.delete_many({})
    bare.bookings.update_one({"_id": ended}, {"$set": {"date": day(-1_095)}})
    assert violations(bare) == {}


def test_a_request_that_should_have_expired_is_found_while_a_worker_is_alive(
    bare: Db, venue: Document, guest: ObjectId
) -> None:
    ids = {}
    for minutes, date in ((1, day(2)), (3, day(5))):
        hold_until = utc_now() - timedelta(minutes=minutes)
        ids[minutes] = insert_booking(bare, venue["_id"], guest, date=date, hold_until=hold_until)
    assert violations(bare) == {}
    save_heartbeat(bare, "holds", utc_now() - timedelta(minutes=5))
    assert violations(bare) == {}
    save_heartbeat(bare, "holds", utc_now())
    assert violations(bare) == {"hold_ended": [[str(ids[3]["_id"])]]}
