"""A file can be imported again: venues and bookings that are there already are reported or updated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from bson import Decimal128, ObjectId

from halls.data_transfer.known_venues import key_of
from tests.commands import run_halls
from tests.data_transfer.rows import CELLS, lines_of, write_csv, write_export, write_lines
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

    from halls.mongo.client import Db

HERE = "this venue is there already (--update brings it up to date)"


@pytest.fixture
def file(db: Db, tmp_path: Path) -> Path:
    """The path of a file to write. Accounts of its owner and guest exist."""
    insert_owner(db, email=OWNER_EMAIL)
    insert_user(db, email=GUEST_EMAIL)
    return tmp_path / "file"


@pytest.mark.parametrize("options", [[], ["--skip-bad"]], ids=str)
def test_the_same_file_twice_makes_each_venue_once(db: Db, worker_uri: str, file: Path, options: list[str]) -> None:
    write_csv(file, *(CELLS | {"venue_name": f"V{n}"} for n in range(60)))
    assert run_halls(worker_uri, "import", *options, file).stdout == "Imported 60 venues and 0 bookings.\n"
    before = list(db.venues.find())
    again = run_halls(worker_uri, "import", *options, file)
    assert (again.exit_code, again.stdout) == (0, "Imported 0 venues and 0 bookings. Already there: 60 venues.\n")
    assert lines_of(again.stderr)[:2] == [f"line 2: {HERE}", f"line 3: {HERE}"]
    assert list(db.venues.find()) == before


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({}, 1),
        ({"venue_name": " PEARL  hall"}, 1),
        ({"maps_location": {"type": "Point", "coordinates": [67.000001, 24.86]}}, 1),
        ({"owner_email": OWNER_EMAIL.upper(), "capacity": 5, "address": "Other"}, 1),
        ({"id": OTHER_ID}, 1),
        ({"venue_name": "Pearl Hall 2"}, 2),
        ({"maps_location": {"lat": 24.861, "lng": 67.0}}, 2),
        ({"owner_email": "other@example.com"}, 2),
    ],
    ids=str,
)
def test_a_venue_is_recognised_by_owner_name_and_place(
    db: Db, worker_uri: str, file: Path, fields: dict[str, Any], count: int
) -> None:
    insert_owner(db, email="other@example.com")
    assert run_halls(worker_uri, "import", write_lines(file, venue_row())).exit_code == 0
    assert run_halls(worker_uri, "import", write_lines(file, venue_row(**fields))).exit_code == 0
    assert db.venues.count_documents({}) == count


def test_the_second_equal_row_of_a_file_is_reported(db: Db, worker_uri: str, file: Path) -> None:
    result = run_halls(worker_uri, "import", "--update", write_lines(file, venue_row(), venue_row(capacity=5)))
    assert result.stdout == "Imported 1 venue and 0 bookings. Already there: 1 venue.\n"
    assert lines_of(result.stderr) == ["line 2, record 2: an earlier row has the same venue"]
    assert [venue["capacity"] for venue in db.venues.find()] == [200]


def test_new_venues_of_a_file_are_added_to_those_there(db: Db, worker_uri: str, file: Path) -> None:
    run_halls(worker_uri, "import", write_lines(file, venue_row()))
    result = run_halls(worker_uri, "import", "--json", write_lines(file, venue_row(), venue_row(venue_name="New")))
    report = json.loads(result.stdout)
    assert (result.exit_code, report["imported"], report["already_there"]) == (
        0,
        {"venues": 1, "bookings": 0},
        {"venues": 1, "bookings": 0},
    )
    assert report["notices"] == [f"line 1, record 1: {HERE}"]
    assert db.venues.count_documents({}) == 2


def test_an_export_can_be_imported_again(db: Db, worker_uri: str, file: Path) -> None:
    owner = db.users.find_one({"email": OWNER_EMAIL})
    assert owner
    venue = insert_venue(db, owner["_id"])["_id"]
    insert_booking(db, venue, owner["_id"])
    write_export(file, [venue_row(id=VENUE_ID)], [booking_row(id=OTHER_ID, date=day(1)), booking_row()])
    assert run_halls(worker_uri, "import", file).exit_code == 0
    run_halls(worker_uri, "export", "--output", file)
    again = run_halls(worker_uri, "import", file)
    assert (again.exit_code, again.stdout) == (
        0,
        "Imported 0 venues and 0 bookings. Already there: 2 venues. Already there: 3 bookings.\n",
    )
    assert db.venues.count_documents({}) == 2
    assert db.bookings.count_documents({}) == 3


@pytest.mark.parametrize("status", ["confirmed", "cancelled"])
def test_a_booking_without_an_id_is_there_if_its_guest_has_it(db: Db, worker_uri: str, file: Path, status: str) -> None:
    write_export(file, [venue_row(id=VENUE_ID)], [booking_row(status=status)])
    for number in (1, 0):
        imported = run_halls(worker_uri, "import", "--json", file)
        assert (imported.exit_code, json.loads(imported.stdout)["imported"]["bookings"]) == (0, number)
    assert db.bookings.count_documents({}) == 1


def test_bookings_follow_a_venue_that_is_stored_with_another_id(db: Db, worker_uri: str, file: Path) -> None:
    run_halls(worker_uri, "import", write_lines(file, venue_row()))
    stored_id = db.venues.find_one()["_id"]  # type: ignore[index] # the venue exists
    exact = {"id": "d" * 24, "venue_id": {"$oid": VENUE_ID}, "date": "2020-01-01", "status": "cancelled", "stored": {}}
    write_export(file, [venue_row(id=VENUE_ID)], [booking_row(date=day(1)), exact])
    assert run_halls(worker_uri, "import", file).exit_code == 0
    assert db.bookings.distinct("venue_id") == [stored_id]


@pytest.mark.parametrize(
    "fields",
    [
        {"owner_id": None},
        {"venue_name": 5},
        {"maps_location": None},
        {"maps_location": {"type": "Point", "coordinates": 5}},
        {"maps_location": {"type": "Point", "coordinates": [1, 2, 3]}},
        {"maps_location": {"type": "Point", "coordinates": ["a", None]}},
    ],
    ids=str,
)
def test_a_venue_without_owner_name_or_place_is_not_recognised(fields: dict[str, Any]) -> None:
    venue = {"owner_id": ObjectId(), "venue_name": "A", "maps_location": {"coordinates": [Decimal128("67"), 24.5]}}
    assert key_of(venue) == (venue["owner_id"], "a", 67.0, 24.5)
    assert key_of(venue | fields) is None
