"""`halls import` reads bookings from `halls export` and checks the invariants of every booking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from tests.commands import run_halls
from tests.data_transfer.rows import name_case, write_export
from tests.factories import (
    GUEST_EMAIL,
    OTHER_ID,
    OWNER_EMAIL,
    VENUE_ID,
    booking_row,
    day,
    insert_booking,
    insert_owner,
    insert_user,
    insert_venue,
    venue_row,
)

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from halls.mongo.client import Db, Document

DELETED_ID = "c" * 24
UNKNOWN_ACCOUNT = "No account has this address."


@pytest.fixture
def account_ids(db: Db) -> tuple[ObjectId, ObjectId]:
    """The ids of an owner and a guest."""
    return insert_owner(db, email=OWNER_EMAIL)["_id"], insert_user(db, email=GUEST_EMAIL.upper())["_id"]


@pytest.fixture
def import_rows(worker_uri: str, tmp_path: Path, account_ids: object) -> Any:
    """A function that imports bookings with a venue, which is offered for the next nine days."""
    assert account_ids

    def run(*bookings: Document, venues: list[Document] | None = None, skip_bad: bool = False) -> Result:
        venue_rows = [venue_row(id=VENUE_ID)] if venues is None else venues
        file = write_export(tmp_path / "file", venue_rows, list(bookings))
        return run_halls(worker_uri, "import", *["--skip-bad"] * skip_bad, file)

    return run


def test_bookings_are_imported_with_their_venue(
    db: Db, import_rows: Any, account_ids: tuple[ObjectId, ObjectId]
) -> None:
    fields = {"id": OTHER_ID, "notes": "By the window.", "created_at": None, "updated_at": "2020-01-02T03:04:05.678Z"}
    result = import_rows(
        booking_row(**fields),
        booking_row(date=day(1), status="pending", price_locked=None),
        booking_row(status="cancelled"),
    )
    assert (result.exit_code, result.stdout) == (0, "Imported 1 venue and 3 bookings.\n"), result.stderr
    booking = db.bookings.find_one({"_id": ObjectId(OTHER_ID)})
    assert booking
    assert booking.pop("updated_at").isoformat() == "2020-01-02T03:04:05.678000+00:00"
    assert booking == {
        "_id": ObjectId(OTHER_ID),
        "venue_id": ObjectId(VENUE_ID),
        "user_id": account_ids[1],
        "date": "2020-01-05",
        "guests": 50,
        "status": "confirmed",
        "price_locked": 1000,
        "notes": "By the window.",
        "created_at": None,
    }


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"status": "Pending"}, "status: must be one of: pending, confirmed, cancelled"),
        ({"date": "2026-02-30"}, "date: must be a real day"),
        ({"guests": 0}, "guests: must be at least 1"),
        ({"guests": None}, "guests: This field is required."),
        ({"price_locked": -1}, "price_locked: must be a number of rupees"),
        ({"price_locked": "free"}, "price_locked: must be a number"),
        ({"venue_id": "x"}, "venue_id: must be an id of 24 hex digits"),
        ({"venue_id": OTHER_ID}, "venue_id: No venue has this id."),
        ({"venue_id": OTHER_ID, "venue": None, "date": day(1)}, "venue_id: No venue has this id."),
        ({"user_email": "nobody@example.com"}, f"user_email: {UNKNOWN_ACCOUNT}"),
        ({"user_email": None}, "user_email: This field is required."),
        ({"user_email": None, "user_id": OTHER_ID, "date": day(1)}, "user_email: This field is required."),
        ({"venue": {"owner_email": "nobody@example.com"}}, f"venue.owner_email: {UNKNOWN_ACCOUNT}"),
        ({"date": day(30)}, "date: The venue is not offered on this date."),
        ({"paid": True}, "paid: Unknown field."),
    ],
    ids=name_case,
)
def test_an_invalid_booking_is_reported_and_nothing_is_stored(
    db: Db, import_rows: Any, fields: Document, message: str
) -> None:
    result = import_rows(booking_row(date="2020-01-01"), booking_row(**fields))
    assert (result.exit_code, result.stdout) == (1, "Imported 0 venues and 0 bookings.\n")
    assert result.stderr.startswith(f"line 6, record 2 of bookings, {message}"), result.stderr
    assert db.venues.count_documents({}) == db.bookings.count_documents({}) == 0


def test_a_file_may_have_one_active_booking_per_date(db: Db, import_rows: Any) -> None:
    result = import_rows(booking_row(), booking_row(status="pending"), booking_row(status="cancelled"), booking_row())
    message = "date: Somebody has already booked this date."
    assert result.stderr == f"line 6, record 2 of bookings, {message}\nline 8, record 4 of bookings, {message}\n"
    assert db.bookings.count_documents({}) == 0


def test_an_invalid_booking_does_not_take_its_date(db: Db, import_rows: Any) -> None:
    result = import_rows(booking_row(user_email="nobody@example.com"), booking_row(), skip_bad=True)
    assert result.stdout == "Imported 1 venue and 1 booking.\n"
    assert db.bookings.count_documents({}) == 1


def test_bookings_of_a_stored_venue_can_be_imported(
    db: Db, import_rows: Any, account_ids: tuple[ObjectId, ObjectId]
) -> None:
    venue = insert_venue(db, account_ids[0], dates_available=[day(1), day(2), day(3)])
    insert_booking(db, venue["_id"], account_ids[1], date=day(1))
    venue_field = {"venue_id": str(venue["_id"])}
    result = import_rows(booking_row(**venue_field, date=day(1)), booking_row(**venue_field, date=day(9)), venues=[])
    assert result.stderr.splitlines() == [
        "line 5, record 1 of bookings, date: Somebody has already booked this date.",
        "line 6, record 2 of bookings, date: The venue is not offered on this date.",
    ]
    valid = [
        booking_row(**venue_field, date=day(2)),
        booking_row(**venue_field, date="2020-03-03"),
        booking_row(**venue_field, date=day(3)),
    ]
    assert import_rows(*valid, venues=[]).stdout == "Imported 0 venues and 3 bookings.\n"
    # Each upcoming booking increments `rev`: a concurrent removal of its date causes a write conflict.
    assert db.venues.find_one({"_id": venue["_id"]})["rev"] == 2  # type: ignore[index] # the venue exists


def test_skip_bad_imports_bookings_of_venues_stored_earlier_in_the_file(db: Db, import_rows: Any) -> None:
    venues = [venue_row(id=VENUE_ID), venue_row(id=OTHER_ID, capacity=0)]
    bookings = [booking_row(date=day(1)), booking_row(venue_id=OTHER_ID), booking_row(date=day(2), status="pending")]
    result = import_rows(*bookings, venues=venues, skip_bad=True)
    assert (result.exit_code, result.stdout) == (1, "Imported 1 venue and 2 bookings.\n")
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == [
        "line 3, record 2, capacity",
        "line 7, record 2 of bookings, venue_id",
    ]
    assert db.bookings.count_documents({"venue_id": ObjectId(VENUE_ID)}) == 2


def test_a_duplicate_booking_id_is_reported(import_rows: Any) -> None:
    assert import_rows(booking_row(id=OTHER_ID)).exit_code == 0
    result = import_rows(
        booking_row(id=OTHER_ID, date="2020-02-02"),
        booking_row(id=DELETED_ID, date="2020-02-03"),
        booking_row(id=DELETED_ID),
        venues=[],
    )
    assert result.stderr.splitlines() == [
        "line 5, record 1 of bookings, id: A record with this id is already stored.",
        "line 7, record 3 of bookings, id: An earlier row has the same id.",
    ]


def test_a_past_booking_of_a_deleted_guest_and_venue_is_imported(
    db: Db, import_rows: Any, account_ids: tuple[ObjectId, ObjectId]
) -> None:
    deleted = {"user_email": None, "user_id": OTHER_ID, "venue_id": DELETED_ID}
    full_summary = {"venue_name": "Old Hall", "address": "Old Road", "owner_email": OWNER_EMAIL.upper()}
    ownerless = {"venue_name": None, "owner_id": OTHER_ID}
    dates = [f"2020-01-0{n}" for n in range(1, 5)]
    venues = [full_summary, ownerless, {"address": "Old Road"}, None]
    rows = [booking_row(**deleted, date=date, venue=venue) for date, venue in zip(dates, venues, strict=True)]
    assert import_rows(*rows).exit_code == 0
    first, second, third, fourth = db.bookings.find(sort=[("date", 1)])
    assert first["user_id"] == ObjectId(OTHER_ID)
    empty_summary = {"id": ObjectId(DELETED_ID), "venue_name": None, "address": None, "owner_id": None}
    assert first["venue"] == empty_summary | {
        "venue_name": "Old Hall",
        "address": "Old Road",
        "owner_id": account_ids[0],
    }
    assert second["venue"] == empty_summary | {"owner_id": ObjectId(OTHER_ID)}
    assert third["venue"] == empty_summary | {"address": "Old Road"}
    assert "venue" not in fourth


WALK_IN_GUEST = {"full_name": "Bilal Ahmed", "contact_number": "0300 1234567"}


def test_a_walk_in_is_imported_with_its_guest(db: Db, import_rows: Any) -> None:
    result = import_rows(booking_row(user_email=OWNER_EMAIL, is_walk_in=True, guest=WALK_IN_GUEST, date=day(2)))
    assert result.exit_code == 0, result.stderr
    booking = db.bookings.find_one({})
    assert booking
    assert (booking["is_walk_in"], booking["guest"]) == (True, WALK_IN_GUEST | {"email": None})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"is_walk_in": True, "status": "pending"},
            "is_walk_in: must not be true for a pending booking: a walk-in is confirmed at once",
        ),
        ({"guest": WALK_IN_GUEST}, "guest: can be given only for a walk-in: is_walk_in must be true"),
        ({"is_walk_in": 1, "guest": WALK_IN_GUEST}, "is_walk_in: must be true or false"),
        ({"is_walk_in": True, "guest": {"email": "b@example.com"}}, "guest.full_name: This field is required."),
        (
            {"is_walk_in": True, "guest": WALK_IN_GUEST | {"email": "b"}},
            "guest.email: must be an e-mail address such as ali@example.com",
        ),
    ],
    ids=name_case,
)
def test_an_invalid_walk_in_names_its_field(db: Db, import_rows: Any, fields: Document, message: str) -> None:
    result = import_rows(booking_row(user_email=OWNER_EMAIL, **fields))
    assert result.exit_code == 1
    assert message in result.stderr
    assert db.bookings.count_documents({}) == 0
