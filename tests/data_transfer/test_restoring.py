"""What external writers stored beyond the limits of the API is exported, and imported unchanged."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from bson import Binary, Code, Decimal128, Int64, ObjectId

from halls.clock import utc_now
from halls.data_transfer.exporting import COUNTERS, export_lines
from tests.commands import run_halls
from tests.data_transfer.rows import write_export
from tests.factories import (
    GUEST_EMAIL,
    LIMITS,
    OWNER_EMAIL,
    VENUE_ID,
    bare_venue_document,
    day,
    insert_booking,
    insert_owner,
    insert_user,
    insert_venue,
    venue_row,
)

if TYPE_CHECKING:
    from pathlib import Path

    from halls.mongo.client import Db, Document

WRITTEN_AT = datetime(2020, 1, 2, 3, 4, 5, 678_000, tzinfo=timezone.utc)
OBJECT_ID = {"$oid": "c" * 24}


def read_all(db: Db) -> list[Document]:
    """Return all venues and bookings without the fields that only count changes."""
    documents = [*db.venues.find(sort=[("_id", 1)]), *db.bookings.find(sort=[("_id", 1)])]
    return [{name: value for name, value in sorted(document.items()) if name not in COUNTERS} for document in documents]


def export(db: Db) -> bytes:
    return b"".join(export_lines(db, utc_now(), LIMITS))


def assert_restored(db: Db, uri: str, folder: Path, *options: str) -> None:
    """Export, delete and import everything, and compare the stored documents and a second export."""
    before, file = read_all(db), folder / "export.json"
    assert run_halls(uri, "export", "--output", file).exit_code == 0
    exported = file.read_bytes()
    db.venues.delete_many({})
    db.bookings.delete_many({})
    result = run_halls(uri, "import", *options, file)
    assert result.exit_code == 0, result.stderr
    assert repr(read_all(db)) == repr(before)
    assert export(db) == exported


@pytest.mark.parametrize(
    "fields",
    [
        {"address": "12 Mall Road\nLahore"},
        {"additional_description": "x" * 6_000},
        {"pricing": {"overrides": [{"date": day(1), "price": 3702.2999999999997}]}},
        {"pricing": {"overrides": [{"date": day(1), "price": 1}, {"date": day(1), "price": 2}]}},
        {"pricing": None},
        {"pricing": 150_000},
        {"dates_available": [day(3), day(1), day(1), 5, "soon"]},
        {"amenities": ["water"]},
        {"amenities": {"water": True, "pool": True}},
        {"capacity": "300"},
        {"capacity": Decimal128("300")},
        {"capacity": float("nan")},
        {"maps_location": {"type": "Point", "coordinates": [Decimal128("74.36"), Int64(31)]}},
        {"maps_location": {"coordinates": [74.36, 31.5], "type": "Point"}},
        {"maps_location": {"lng": 74.36, "lat": 31.52}},
        {"maps_location": None},
        {"venue_name": None},
        {"venue_name": "a\x00b"},
        {"created_at": "yesterday", "updated_at": WRITTEN_AT},
        {"videos": [{"url": "https://a.example/1", "size_mb": 900}, WRITTEN_AT, Code("x"), Binary(b"x", 4)]},
        {"id": 5, "stored": {"a": 1}, "owner_email": "x", "user_email": None, "colour": "red", "tags": []},
    ],
    ids="+".join,
)
def test_a_venue_of_any_content_comes_back_unchanged(
    db: Db, worker_uri: str, tmp_path: Path, fields: dict[str, Any]
) -> None:
    owner = insert_owner(db, email="Owner@Example.com")["_id"]
    insert_venue(db, owner)
    insert_venue(db, owner, **fields)
    db.venues.insert_one(bare_venue_document(owner, **fields))
    assert_restored(db, worker_uri, tmp_path)


@pytest.mark.parametrize("options", [[], ["--skip-bad"], ["--update"]], ids=str)
def test_venues_with_any_owner_come_back_unchanged(db: Db, worker_uri: str, tmp_path: Path, options: list[str]) -> None:
    guest = insert_user(db, email=GUEST_EMAIL)["_id"]
    owner_ids: list[Any] = [ObjectId(), guest, None, "text", {"a": 1}]
    for owner_id in owner_ids:
        insert_venue(db, owner_id)
    without_owner = bare_venue_document(ObjectId())
    del without_owner["owner_id"]
    db.venues.insert_one(without_owner)
    db.venues.insert_one(bare_venue_document(guest) | {"_id": "text"})
    assert_restored(db, worker_uri, tmp_path, *options)


def test_equal_venues_with_different_ids_come_back(db: Db, worker_uri: str, tmp_path: Path) -> None:
    owner = insert_owner(db)["_id"]
    for _ in range(60):
        insert_venue(db, owner)
    assert_restored(db, worker_uri, tmp_path, "--skip-bad")


@pytest.mark.parametrize("options", [[], ["--skip-bad"]], ids=str)
def test_bookings_of_any_content_come_back_unchanged(
    db: Db, worker_uri: str, tmp_path: Path, options: list[str]
) -> None:
    owner, guest = insert_owner(db, email=OWNER_EMAIL)["_id"], insert_user(db, email=GUEST_EMAIL)["_id"]
    venue = insert_venue(db, owner, dates_available=[day(1)])["_id"]
    guest_id: Any = "text"
    insert_booking(db, venue, guest, date=day(1))
    insert_booking(db, venue, guest, date=day(2))  # not offered
    insert_booking(db, venue, ObjectId(), date=day(3))  # no account
    insert_booking(db, ObjectId(), guest, date=day(4))  # no venue
    insert_booking(db, venue, guest, date="2020-02-30", notes="x" * 3_000, price_locked=3702.2999999999997)
    insert_booking(db, venue, guest, date="2020-01-01", notes="\x00", hold_until=WRITTEN_AT, log=[{"at": WRITTEN_AT}])
    insert_booking(db, venue, guest, date="2020-01-02", venue={"venue_name": "though it is there", "owner_id": owner})
    insert_booking(db, venue, guest_id, date="2020-01-03")
    insert_booking(db, venue, guest, date="2020-01-04", venue="text")
    insert_booking(db, ObjectId(), guest, date="2020-01-06", venue="text")
    db.bookings.insert_one({"_id": ObjectId(), "venue_id": venue, "date": "2020-01-05", "status": "cancelled"})
    assert_restored(db, worker_uri, tmp_path, *options)


def test_accounts_with_other_ids_get_the_restored_documents(db: Db, worker_uri: str, tmp_path: Path) -> None:
    owner, guest = insert_owner(db, email=OWNER_EMAIL)["_id"], insert_user(db, email=GUEST_EMAIL)["_id"]
    venue = insert_venue(db, owner)["_id"]
    insert_booking(db, venue, guest, date=day(5))
    insert_booking(db, ObjectId(), guest, date="2020-01-01", venue={"id": ObjectId(), "owner_id": owner, "x": 1})
    file = tmp_path / "file"
    run_halls(worker_uri, "export", "--output", file)
    for collection in (db.users, db.venues, db.bookings):
        collection.delete_many({})
    missing = run_halls(worker_uri, "import", file)
    assert missing.exit_code == 1
    assert "line 2, record 1, owner_email: No account of a venue owner has this address." in missing.stderr
    assert "record 1 of bookings, user_email: No account has this address." in missing.stderr
    assert "record 2 of bookings, venue_owner_email: No account has this address." in missing.stderr
    owner, guest = insert_owner(db, email=OWNER_EMAIL)["_id"], insert_user(db, email=GUEST_EMAIL.upper())["_id"]
    assert run_halls(worker_uri, "import", file).exit_code == 0
    assert [one["owner_id"] for one in db.venues.find()] == [owner]
    assert [one["user_id"] for one in db.bookings.find()] == [guest, guest]
    assert db.bookings.distinct("venue.owner_id") == [owner]


@pytest.mark.parametrize(
    ("part", "row", "fault"),
    [
        ("venues", {"stored": {}}, "needs an id"),
        ("venues", {"id": "x", "stored": {}}, "needs an id"),
        ("venues", {"id": VENUE_ID, "a": {"$oid": "x"}, "stored": {}}, "is not a document in MongoDB Extended JSON"),
        ("venues", {"id": VENUE_ID, "a": "\ud800", "stored": {}}, "is not a document in MongoDB Extended JSON"),
        ("venues", {"id": VENUE_ID, "a": 2**80, "stored": {}}, "is not a document in MongoDB Extended JSON"),
        ("bookings", {"id": VENUE_ID, "stored": {}}, "needs venue_id, date and status"),
        ("bookings", {"id": VENUE_ID, "venue_id": OBJECT_ID, "date": 5, "status": "x", "stored": {}}, "needs venue_id"),
    ],
    ids=ascii,
)
def test_a_damaged_copy_is_reported(
    db: Db, worker_uri: str, tmp_path: Path, part: str, row: dict[str, Any], fault: str
) -> None:
    rows = {"venues": [], "bookings": [], part: [row]}
    result = run_halls(worker_uri, "import", write_export(tmp_path / "file", rows["venues"], rows["bookings"]))
    assert (result.exit_code, fault in result.stderr) == (1, True), result.stderr
    assert read_all(db) == []


def test_a_copy_that_the_database_rejects_is_reported(db: Db, worker_uri: str, tmp_path: Path) -> None:
    booking = {"id": VENUE_ID, "venue_id": OBJECT_ID, "date": "2020-01-01", "status": "lost", "stored": {}}
    result = run_halls(worker_uri, "import", write_export(tmp_path / "file", [], [booking]))
    assert result.exit_code == 1
    assert "The database rejects a record of the file: Document failed validation" in result.stderr
    assert read_all(db) == []


def test_copies_of_active_bookings_for_one_date_are_reported(db: Db, worker_uri: str, tmp_path: Path) -> None:
    booking = {"venue_id": OBJECT_ID, "date": "2020-01-01", "status": "pending", "stored": {}}
    rows = [booking | {"id": "a" * 24}, booking | {"id": "b" * 24}, booking | {"id": "a" * 24}]
    result = run_halls(worker_uri, "import", write_export(tmp_path / "file", [], rows))
    assert "record 2 of bookings, date: Somebody has already booked this date." in result.stderr
    assert "record 3 of bookings, id: An earlier row has the same id." in result.stderr
    assert read_all(db) == []


CANCELLED = {"by": "owner", "at": WRITTEN_AT, "reason": "Repairs.\nSorry.", "from": "pending"}
GONE = {"id": ObjectId("c" * 24), "venue_name": "Old Hall", "address": "Old Road", "owner_id": ObjectId("d" * 24)}
WALK_IN_GUEST = {"full_name": "Bilal Ahmed", "contact_number": "0300 1234567", "email": None}
POINT = {"type": "Point", "coordinates": [74.35, 31]}


@pytest.mark.parametrize(
    "fields",
    [
        {"hold_until": WRITTEN_AT, "event_count": 2},
        {"hold_until": None, "cancellation": None},
        {"status": "cancelled", "cancellation": CANCELLED, "event_count": 3},
        {"status": "cancelled", "cancellation": CANCELLED | {"by": "expiry", "reason": None, "from": "confirmed"}},
        {"status": "confirmed", "is_walk_in": True},
        {"status": "confirmed", "is_walk_in": True, "guest": WALK_IN_GUEST},
        {"status": "cancelled", "is_walk_in": True, "guest": WALK_IN_GUEST | {"email": "b@example.com"}},
        {"status": "confirmed", "is_walk_in": True, "guest": None},
        {"is_walk_in": False, "guest": None},
        {"is_walk_in": False},
        {"is_walk_in": None},
        {"venue_id": GONE["id"], "venue": GONE},
        {"venue_id": GONE["id"], "venue": GONE | {"type": "Hall", "maps_location": POINT, "picture": "https://a.b/c"}},
        {"venue_id": GONE["id"], "venue": GONE | {"type": None, "maps_location": None, "picture": None}},
    ],
    ids=str,
)
def test_fields_of_bookings_are_exported_in_plain_rows(
    db: Db, worker_uri: str, tmp_path: Path, fields: dict[str, Any]
) -> None:
    owner, guest = insert_owner(db, email=OWNER_EMAIL)["_id"], insert_user(db, email=GUEST_EMAIL)["_id"]
    place = {"venue_id": insert_venue(db, owner)["_id"], **fields}
    insert_booking(
        db, place.pop("venue_id"), guest, date="2020-01-01", guests=300, price_locked=None, notes=None, **place
    )
    (row,) = json.loads(export(db))["bookings"]
    assert not row.keys() & {"stored", "event_count"}
    assert_restored(db, worker_uri, tmp_path)
    assert db.bookings.count_documents({"event_count": {"$exists": True}}) == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"hold_until": "soon", "event_count": 2},
        {"cancellation": {"by": "nobody"}},
        {"cancellation": CANCELLED | {"note": 5}},
        {"is_walk_in": "yes"},
        {"is_walk_in": True, "status": "pending", "guest": None},
        {"is_walk_in": True, "status": "confirmed", "guest": {"full_name": "Bilal"}},
        {"is_walk_in": True, "status": "confirmed", "guest": WALK_IN_GUEST | {"contact_number": "call"}},
        {"is_walk_in": False, "guest": WALK_IN_GUEST},
        {"guest": WALK_IN_GUEST},
        {"guest": "Bilal"},
    ],
    ids=str,
)
def test_other_values_of_these_fields_are_copied_exactly(
    db: Db, worker_uri: str, tmp_path: Path, fields: dict[str, Any]
) -> None:
    guest = insert_user(db, email=GUEST_EMAIL)["_id"]
    insert_booking(db, insert_venue(db, insert_owner(db)["_id"])["_id"], guest, date="2020-01-01", notes=None, **fields)
    assert_restored(db, worker_uri, tmp_path)
    assert db.bookings.count_documents({"event_count": {"$exists": True}}) == 0


@pytest.mark.parametrize(
    ("rules", "is_plain"),
    [
        ({"hold_hours": 48, "terms": "One.\nTwo."}, True),
        ({"hold_hours": None}, True),
        ({}, True),
        ({"hold_hours": 1_000}, False),
        ("none", False),
        (None, False),
    ],
    ids=str,
)
def test_booking_rules_come_back(db: Db, worker_uri: str, tmp_path: Path, rules: Any, *, is_plain: bool) -> None:
    numbers: dict[str, Any] = {"capacity": 500, "space_sqft": None, "dates_available": [], "pricing": {"overrides": []}}
    insert_venue(db, insert_owner(db)["_id"], **numbers, booking_rules=rules)
    (row,) = json.loads(export(db))["venues"]
    assert ("stored" not in row) == is_plain
    assert_restored(db, worker_uri, tmp_path)


@pytest.mark.parametrize(
    ("fields", "is_plain", "is_open"),
    [
        ({}, True, True),
        ({"is_listed": False}, True, False),
        ({"is_listed": True}, True, True),
        ({"is_listed": "no"}, False, True),
        ({"is_listed": False, "hidden_at": WRITTEN_AT}, False, False),
        ({"hidden_at": WRITTEN_AT, "suspended_at": WRITTEN_AT}, False, False),
    ],
    ids=str,
)
def test_paused_and_hidden_venues_come_back(
    db: Db, worker_uri: str, tmp_path: Path, fields: dict[str, Any], *, is_plain: bool, is_open: bool
) -> None:
    numbers: dict[str, Any] = {"capacity": 500, "space_sqft": None, "dates_available": [], "pricing": {"overrides": []}}
    # The import marks the venues of exactly the suspended owners.
    owner = insert_owner(db, **{name: fields[name] for name in fields if name == "suspended_at"})
    insert_venue(db, owner["_id"], **numbers, **fields)
    (row,) = json.loads(export(db))["venues"]
    assert ("stored" not in row) == is_plain
    assert row.get("is_listed") == fields.get("is_listed")
    assert_restored(db, worker_uri, tmp_path)
    assert db.search_entries.distinct("is_open") == ([] if is_open else [False])


def test_a_copy_with_a_count_of_events_is_imported_without_it(db: Db, worker_uri: str, tmp_path: Path) -> None:
    row = {"id": VENUE_ID, "venue_id": OBJECT_ID, "date": "2020-01-01", "status": "cancelled"}
    file = write_export(tmp_path / "file", [], [row | {"event_count": 3, "stored": {}}])
    assert run_halls(worker_uri, "import", file).exit_code == 0
    [booking] = db.bookings.find()
    assert "event_count" not in booking


def test_plain_documents_are_exported_in_plain_rows(db: Db, worker_uri: str, tmp_path: Path) -> None:
    insert_owner(db, email=OWNER_EMAIL)
    file = tmp_path / "file"
    file.write_text(json.dumps([venue_row(id=VENUE_ID)]))
    assert run_halls(worker_uri, "import", file).exit_code == 0
    (row,) = json.loads(export(db))["venues"]
    assert (row["id"], row["owner_email"], row["address"]) == (VENUE_ID, OWNER_EMAIL, venue_row()["address"])
    assert "stored" not in row
