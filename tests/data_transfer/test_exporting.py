"""`halls export` writes what `halls import` reads back to the byte."""

from __future__ import annotations

import json
import stat
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from bson.code import Code
from bson.decimal128 import Decimal128

from halls.clock import utc_now
from halls.data_transfer import exporting
from halls.data_transfer.exporting import export_lines
from halls.demo.load import load_demo
from tests.api_client import Api, day
from tests.commands import run_halls
from tests.external_documents import bare_venue_document, put_booking, put_owner, put_user, put_venue

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from halls.mongo.client import Db


def export(db: Db) -> bytes:
    return b"".join(export_lines(db))


def move(db: Db, uri: str, folder: Path, *options: str) -> Result:
    """Export, empty the database but for the accounts, and import."""
    file = folder / "export.json"
    assert run_halls(uri, "export", "--output", file).exit_code == 0
    db.venues.delete_many({})
    db.bookings.delete_many({})
    return run_halls(uri, "import", *options, file)


def test_an_empty_database_is_exported_too(db: Db, worker_uri: str, tmp_path: Path) -> None:
    result = run_halls(worker_uri, "export")
    assert json.loads(result.stdout) == {"venues": [], "bookings": []}
    assert move(db, worker_uri, tmp_path).stdout == "Imported 0 venues and 0 bookings.\n"


@pytest.mark.parametrize("options", [[], ["--skip-bad"]])
def test_the_demonstration_comes_back_to_the_byte(
    db: Db, worker_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.setattr(exporting, "BATCH_ROWS", 7)
    load_demo(db, utc_now())
    before = export(db)
    result = move(db, worker_uri, tmp_path, *options)
    assert (result.exit_code, result.stdout) == (0, "Imported 60 venues and 120 bookings.\n"), result.stderr
    assert export(db) == before
    assert run_halls(worker_uri, "check").exit_code == 0


def test_a_line_holds_a_document_with_its_keys_in_order(db: Db) -> None:
    load_demo(db, utc_now())
    lines = export(db).decode().splitlines()
    documents = [json.loads(line.rstrip(",")) for line in lines if line.startswith("{") and ":[" not in line[:12]]
    assert len(documents) == 180
    assert all(list(document) == sorted(document) for document in documents)
    ids = [document["id"] for document in documents]
    assert ids == sorted(ids[:60]) + sorted(ids[60:])


def test_what_was_made_over_http_comes_back_to_the_byte(db: Db, api: Api, worker_uri: str, tmp_path: Path) -> None:
    owner, guest = api.owner(), api.guest()
    kept, gone = api.list_venue(owner, space_sqft=4000, additional_description="ہال\n“two”"), api.list_venue(owner)
    api.book(guest, kept, day(1), notes="By the window.")
    cancelled = api.book(guest, gone, day(2)).data["booking_id"]
    api.delete(f"/bookings/{cancelled}", as_=guest)
    assert api.delete(f"/venues/{gone}", as_=owner).status == 200
    before, served = export(db), api.get(f"/bookings/{cancelled}", as_=owner).data
    assert move(db, worker_uri, tmp_path).stderr == ""
    assert export(db) == before
    assert api.get(f"/bookings/{cancelled}", as_=owner).data == served
    assert api.get(f"/venues/{kept}").data["venue"]["additional_description"] == "ہال\n“two”"


def test_documents_of_other_tools_are_exported_as_served_and_come_back(db: Db, worker_uri: str, tmp_path: Path) -> None:
    owner, guest = put_owner(db, email="Owner@Example.com"), put_user(db)
    venue = put_venue(db, owner["_id"])
    bare = bare_venue_document(owner["_id"])
    turned = {"coordinates": [67.0, 24.9], "type": "Point"}
    db.venues.insert_one(bare | {"maps_location": turned, "pricing": None, "amenities": {"water": True, "pool": True}})
    put_booking(db, venue["_id"], guest["_id"], date=day(5))
    before = export(db)
    first, second = sorted(json.loads(before)["venues"], key=lambda row: row["id"] != str(venue["_id"]))
    # Of two prices for a date the first counts; nobody is served the other.
    assert first["pricing"]["overrides"] == [{"date": day(5), "price": 150_000}, {"date": day(2), "price": 120_000.5}]
    assert (first["owner_email"], first["created_at"]) == ("Owner@Example.com", "2025-08-20T10:30:15.999Z")
    assert (second["created_at"], second["dates_available"]) == (None, [])
    result = move(db, worker_uri, tmp_path)
    assert result.exit_code == 0, result.stderr
    assert export(db) == before


def test_those_who_are_gone_are_told_by_their_ids(db: Db, worker_uri: str, tmp_path: Path) -> None:
    owner, guest, nobody = put_owner(db, email="o@example.com")["_id"], put_user(db)["_id"], ObjectId()
    venue = put_venue(db, owner)["_id"]
    put_booking(db, venue, nobody, date="2020-01-01", status="cancelled")
    put_booking(db, ObjectId(), guest, date="2020-01-02")
    for owner_id in (owner, nobody):
        summary: dict[str, Any] = {
            "id": ObjectId(),
            "venue_name": "Old Hall",
            "address": "Old Road",
            "owner_id": owner_id,
        }
        put_booking(db, summary["id"], guest, date="2020-01-03", venue=summary)
    put_booking(db, venue, guest, date="2020-01-04", venue={"venue_name": "though it is there"})
    before = export(db)
    first, second, third, fourth, fifth = json.loads(before)["bookings"]
    assert (first["user_id"], "user_email" in first, "venue" in first) == (str(nobody), False, False)
    assert second["venue"] is None
    assert third["venue"] == {"venue_name": "Old Hall", "address": "Old Road", "owner_email": "o@example.com"}
    assert fourth["venue"] == {"venue_name": "Old Hall", "address": "Old Road", "owner_id": str(nobody)}
    assert "venue" not in fifth
    assert move(db, worker_uri, tmp_path).stderr == ""
    assert export(db) == before


def test_a_venue_of_nobody_is_exported_but_not_imported(db: Db, worker_uri: str, tmp_path: Path) -> None:
    nobody = ObjectId()
    put_venue(db, nobody)
    db.venues.insert_one({name: value for name, value in bare_venue_document(nobody).items() if name != "owner_id"})
    assert [venue["owner_id"] for venue in json.loads(export(db))["venues"]] in (
        [str(nobody), None],
        [None, str(nobody)],
    )
    result = move(db, worker_uri, tmp_path)
    assert result.exit_code == 1
    assert "line 2, owner_email: This field is required." in result.stderr


def test_what_json_has_no_word_for_is_written_as_text(db: Db) -> None:
    put_venue(
        db,
        ObjectId(),
        space_sqft=Decimal128("4000.5"),
        address=Code("x"),
        videos=[datetime(2020, 1, 2, tzinfo=timezone.utc)],
    )
    (venue,) = json.loads(export(db))["venues"]
    assert (venue["space_sqft"], venue["address"]) == (4000.5, "x")
    assert venue["videos"] == ["2020-01-02T00:00:00.000Z"]


def test_an_export_shows_one_instant(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever takes down a venue while the bookings are still to be written changes nothing of this export."""
    monkeypatch.setattr(exporting, "BATCH_ROWS", 1)
    load_demo(db, utc_now())
    before = export(db)
    lines = export_lines(db)
    began = [next(lines) for _ in range(3)]
    db.venues.delete_many({})
    db.bookings.delete_many({})
    assert b"".join([*began, *lines]) == before


def test_the_file_is_whole_or_as_it_was(
    db: Db, worker_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "export.json"
    put_venue(db, put_owner(db)["_id"])
    assert run_halls(worker_uri, "export", "--output", file).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    assert before == export(db)

    def break_off(*_: Any) -> Any:
        yield b"half"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("halls.data_transfer.cli.export_lines", break_off)
    result = run_halls(worker_uri, "export", "--output", file)
    assert result.exit_code == 1
    assert "No space left on device" in result.stderr
    assert (file.read_bytes(), list(tmp_path.iterdir())) == (before, [file])
