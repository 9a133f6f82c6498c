"""`halls import --update` brings venues that are there already up to date."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.data_transfer import transaction
from tests.commands import run_halls
from tests.data_transfer.rows import CELLS, lines_of, write_csv, write_lines
from tests.factories import (
    GUEST_EMAIL,
    OWNER_EMAIL,
    VENUE_ID,
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


@pytest.fixture
def file(db: Db, tmp_path: Path) -> Path:
    """The path of a file to write. Accounts of its owner and guest exist."""
    insert_owner(db, email=OWNER_EMAIL)
    insert_user(db, email=GUEST_EMAIL)
    return tmp_path / "file"


def test_update_sets_the_fields_of_the_row(db: Db, worker_uri: str, file: Path) -> None:
    cells = CELLS | {"amenities": "water", "pictures": "https://a.example/1", "dates_available": day(1)}
    run_halls(worker_uri, "import", write_csv(file, cells | {"additional_description": "stays"}))
    before = db.venues.find_one()
    assert before
    changed = cells | {"venue_name": "PEARL HALL", "capacity": "7", "amenities": "sound_system", "pictures": ""}
    write_csv(file, changed | {"dates_available": day(2), "prices": f"{day(2)}=5"}, cells | {"venue_name": "Other"})
    result = run_halls(worker_uri, "import", "--update", file)
    assert result.stdout == "Imported 1 venue and 0 bookings. Updated 1 venue.\n", result.stderr
    after = db.venues.find_one({"_id": before["_id"]})
    assert after
    assert {name: after[name] for name in after if after[name] != before[name]}.keys() - {"updated_at"} == {
        "venue_name",
        "capacity",
        "amenities",
        "dates_available",
        "pricing",
        "rev",
    }
    assert [name for name, is_present in after["amenities"].items() if is_present] == ["sound_system"]
    assert (after["capacity"], after["dates_available"]) == (7, [day(2)])
    again = run_halls(worker_uri, "import", "--update", file)
    assert again.stdout == "Imported 0 venues and 0 bookings. Already there: 2 venues.\n"
    assert db.venues.find_one({"_id": before["_id"]}) == after


def test_update_by_id_may_rename_a_venue_of_the_same_owner(db: Db, worker_uri: str, file: Path) -> None:
    insert_owner(db, email="other@example.com")
    run_halls(worker_uri, "import", write_lines(file, venue_row(id=VENUE_ID)))
    renamed = write_lines(file, venue_row(id=VENUE_ID, venue_name="New name"))
    assert run_halls(worker_uri, "import", renamed).exit_code == 1
    assert run_halls(worker_uri, "import", "--update", renamed).exit_code == 0
    write_lines(file, venue_row(id=VENUE_ID, owner_email="other@example.com"))
    result = run_halls(worker_uri, "import", "--update", file)
    assert lines_of(result.stderr) == ["line 1, record 1, id: A record with this id is already stored."]
    assert [venue["venue_name"] for venue in db.venues.find()] == ["New name"]


@pytest.mark.parametrize(("cell", "is_listed"), [("FALSE", False), ("true", True), ("", False)])
def test_update_pauses_and_lists_venues(db: Db, worker_uri: str, file: Path, cell: str, *, is_listed: bool) -> None:
    run_halls(worker_uri, "import", write_csv(file, CELLS | {"is_listed": "false"}))
    assert db.search_entries.distinct("is_open") == [False]
    assert run_halls(worker_uri, "import", "--update", write_csv(file, CELLS | {"is_listed": cell})).exit_code == 0
    assert db.venues.distinct("is_listed") == [is_listed]
    assert db.search_entries.distinct("is_open") == ([] if is_listed else [False])


def test_update_leaves_what_an_operator_has_set(db: Db, worker_uri: str, file: Path) -> None:
    owner = db.users.find_one({"email": OWNER_EMAIL})
    assert owner
    moments = {name: datetime(2020, 1, 2, tzinfo=timezone.utc) for name in ("hidden_at", "suspended_at")}
    insert_venue(db, owner["_id"], **moments)
    run_halls(worker_uri, "export", "--output", file)
    db.venues.update_one({}, {"$unset": dict.fromkeys(moments, 1), "$set": {"capacity": 1}})
    assert run_halls(worker_uri, "import", "--update", file).stdout.endswith("Updated 1 venue.\n")
    venue = db.venues.find_one({})
    assert venue
    assert venue["capacity"] == 500
    assert not venue.keys() & moments.keys()


def test_update_restores_an_exact_copy(db: Db, worker_uri: str, file: Path) -> None:
    owner = db.users.find_one({"email": OWNER_EMAIL})
    assert owner
    before = insert_venue(db, owner["_id"], additional_description="x" * 6_000)
    run_halls(worker_uri, "export", "--output", file)
    db.venues.update_one({}, {"$set": {"additional_description": "", "capacity": 1}})
    assert run_halls(worker_uri, "import", "--update", file).stdout.endswith("Updated 1 venue.\n")
    after = db.venues.find_one({})
    assert after
    assert {name: after[name] for name in before if name != "updated_at"} == {
        name: value for name, value in before.items() if name != "updated_at"
    }


@pytest.mark.parametrize("options", [[], ["--skip-bad"]], ids=str)
def test_update_takes_no_booked_date_away(db: Db, worker_uri: str, file: Path, options: list[str]) -> None:
    run_halls(worker_uri, "import", write_csv(file, CELLS | {"dates_available": f"{day(1)};{day(2)}"}))
    venue = db.venues.find_one()
    assert venue
    insert_booking(db, venue["_id"], ObjectId(), date=day(1))
    write_csv(file, CELLS | {"dates_available": day(2), "capacity": "7"}, CELLS | {"venue_name": "Other"})
    result = run_halls(worker_uri, "import", "--update", *options, file)
    assert result.exit_code == 1
    message = f"{day(1)} can't be taken away: an active booking has the date"
    assert lines_of(result.stderr) == [f"line 2, dates_available “{day(2)}”: {message}"]
    assert db.venues.find_one({"_id": venue["_id"]}) == venue
    assert db.venues.count_documents({}) == 1 + len(options)


@pytest.mark.parametrize("options", [[], ["--skip-bad"]], ids=str)
def test_update_that_makes_a_listing_too_large_is_a_fault_of_its_line(
    db: Db, worker_uri: str, file: Path, options: list[str]
) -> None:
    run_halls(worker_uri, "import", write_csv(file, CELLS))
    before = db.venues.find_one()
    urls = ";".join(f"https://a.example/{number}/{'x' * 940}" for number in range(19))
    large = {"pictures": urls, "dates_available": ";".join(day(number) for number in range(1_000))}
    prices = ";".join(f"{day(number)}={number}" for number in range(1_000))
    db.venues.update_one({}, {"$set": {"additional_description": "x" * 70_000}})
    grown = db.venues.find_one()
    assert before
    write_csv(file, CELLS | large | {"prices": prices}, CELLS | {"venue_name": "Other"})
    result = run_halls(worker_uri, "import", "--update", *options, file)
    assert result.exit_code == 1
    message = "The listing is larger than 128 KiB. Shorten its texts, or remove prices, dates or addresses."
    assert lines_of(result.stderr) == [f"line 2: {message}"]
    assert db.venues.find_one({"_id": before["_id"]}) == grown
    assert db.venues.count_documents({}) == 1 + len(options)


def test_update_does_not_list_what_an_operator_has_hidden(db: Db, worker_uri: str, file: Path) -> None:
    run_halls(worker_uri, "import", write_csv(file, CELLS | {"is_listed": "false"}))
    db.venues.update_one({}, {"$set": {"hidden_at": datetime(2020, 1, 2, tzinfo=timezone.utc)}})
    result = run_halls(worker_uri, "import", "--update", write_csv(file, CELLS | {"is_listed": "true"}))
    assert result.exit_code == 1
    assert lines_of(result.stderr)[0].startswith("line 2, is_listed"), result.stderr
    assert db.venues.distinct("is_listed") == [False]


@pytest.mark.parametrize("rival", ["book", "delete"])
def test_update_finds_what_happened_while_the_file_was_read(
    db: Db, worker_uri: str, file: Path, monkeypatch: pytest.MonkeyPatch, rival: str
) -> None:
    run_halls(worker_uri, "import", write_csv(file, CELLS | {"dates_available": f"{day(1)};{day(2)}"}))
    venue = db.venues.find_one()
    assert venue
    write_csv(file, CELLS | {"dates_available": day(2)})

    def interfere(*_: Any) -> list[str]:
        if rival == "book":
            insert_booking(db, venue["_id"], ObjectId(), date=day(1))
        else:
            db.venues.delete_one({})
        return []

    monkeypatch.setattr("halls.data_transfer.venue_rows.VenueRows._booked_dates", interfere)
    result = run_halls(worker_uri, "import", "--update", file)
    assert "Another process stored or booked the same while the file was read." in result.stderr
    assert db.venues.find_one() == (venue if rival == "book" else None)


def test_an_update_with_an_unknown_outcome_is_reported(
    db: Db, worker_uri: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_halls(worker_uri, "import", write_csv(file, CELLS))
    monkeypatch.setattr(transaction, "SAVE_SECONDS", 0.001)
    result = run_halls(worker_uri, "import", "--update", write_csv(file, CELLS | {"capacity": "5"}))
    assert result.exit_code == 1
    assert [venue["capacity"] for venue in db.venues.find()] == [200]
