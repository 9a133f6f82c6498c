"""`halls export` writes a file that `halls import` restores byte for byte."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.clock import utc_now
from halls.data_transfer import exporting
from halls.data_transfer.exporting import export_lines
from halls.demo.load import load_demo
from tests.commands import run_halls
from tests.factories import LIMITS, day, insert_booking, insert_owner, insert_user, insert_venue

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from halls.mongo.client import Db
    from tests.api_client import ApiClient


def export(db: Db) -> bytes:
    return b"".join(export_lines(db, utc_now(), LIMITS))


def export_and_import(db: Db, uri: str, folder: Path, *options: str) -> Result:
    """Export, delete all venues and bookings, and import the export."""
    file = folder / "export.json"
    assert run_halls(uri, "export", "--output", file).exit_code == 0
    db.venues.delete_many({})
    db.bookings.delete_many({})
    return run_halls(uri, "import", *options, file)


def test_an_empty_database_is_exported_and_imported(db: Db, worker_uri: str, tmp_path: Path) -> None:
    result = run_halls(worker_uri, "export")
    assert json.loads(result.stdout) == {"venues": [], "bookings": []}
    assert export_and_import(db, worker_uri, tmp_path).stdout == "Imported 0 venues and 0 bookings.\n"


@pytest.mark.parametrize("options", [[], ["--skip-bad"]])
def test_the_demo_data_is_restored_byte_for_byte(
    db: Db, worker_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.setattr(exporting, "BATCH_ROWS", 7)
    load_demo(db, utc_now())
    before = export(db)
    result = export_and_import(db, worker_uri, tmp_path, *options)
    assert (result.exit_code, result.stdout) == (0, "Imported 60 venues and 121 bookings.\n"), result.stderr
    assert export(db) == before
    assert run_halls(worker_uri, "check").exit_code == 0


def test_each_line_holds_a_document_with_sorted_keys(db: Db) -> None:
    load_demo(db, utc_now())
    lines = export(db).decode().splitlines()
    documents = [json.loads(line.rstrip(",")) for line in lines if line.startswith("{") and ":[" not in line[:12]]
    assert len(documents) == 181
    assert all(list(document) == sorted(document) for document in documents)
    ids = [document["id"] for document in documents]
    assert ids == sorted(ids[:60]) + sorted(ids[60:])


def test_documents_created_over_http_are_restored_byte_for_byte(
    db: Db, api: ApiClient, worker_uri: str, tmp_path: Path
) -> None:
    owner, guest = api.owner(), api.guest()
    active_venue, deleted_venue = (
        api.list_venue(owner, space_sqft=4000, additional_description="ہال\n“two”"),
        api.list_venue(owner),
    )
    api.book(guest, active_venue, day(1), notes="By the window.")
    cancelled_id = api.book(guest, deleted_venue, day(2)).data["booking_id"]
    api.delete(f"/bookings/{cancelled_id}", token=guest)
    assert api.delete(f"/venues/{deleted_venue}", token=owner).status == 200
    before, served_booking = export(db), api.get(f"/bookings/{cancelled_id}", token=owner).data
    assert export_and_import(db, worker_uri, tmp_path).stderr == ""
    assert export(db) == before
    assert api.get(f"/bookings/{cancelled_id}", token=owner).data == served_booking
    assert api.get(f"/venues/{active_venue}").data["venue"]["additional_description"] == "ہال\n“two”"


def test_deleted_accounts_are_exported_by_their_ids(db: Db, worker_uri: str, tmp_path: Path) -> None:
    owner, guest, unknown_id = insert_owner(db, email="o@example.com")["_id"], insert_user(db)["_id"], ObjectId()
    venue = insert_venue(db, owner)["_id"]
    insert_booking(db, venue, unknown_id, date="2020-01-01", status="cancelled")
    insert_booking(db, ObjectId(), guest, date="2020-01-02")
    for owner_id in (owner, unknown_id):
        summary: dict[str, Any] = {
            "id": ObjectId(),
            "venue_name": "Old Hall",
            "address": "Old Road",
            "owner_id": owner_id,
        }
        insert_booking(db, summary["id"], guest, date="2020-01-03", venue=summary)
    insert_booking(db, venue, guest, date="2020-01-04", venue={"venue_name": "though it is there"})
    before = export(db)
    rows = json.loads(before)["bookings"]
    assert [row.get("user_email") for row in rows] == [None, *["Bilal.KHAN@Example.COM"] * 4]
    assert [row.get("venue_owner_email") for row in rows] == [None, None, "o@example.com", None, None]
    assert export_and_import(db, worker_uri, tmp_path).stderr == ""
    assert export(db) == before


def test_an_export_reads_one_snapshot(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deletes during an export do not change the exported data."""
    monkeypatch.setattr(exporting, "BATCH_ROWS", 1)
    load_demo(db, utc_now())
    before = export(db)
    lines = export_lines(db, utc_now(), LIMITS)
    first_lines = [next(lines) for _ in range(3)]
    db.venues.delete_many({})
    db.bookings.delete_many({})
    assert b"".join([*first_lines, *lines]) == before


def test_a_failed_export_leaves_the_previous_file_unchanged(
    db: Db, worker_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "export.json"
    insert_venue(db, insert_owner(db)["_id"])
    assert run_halls(worker_uri, "export", "--output", file).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    assert before == export(db)

    def fail_halfway(*_: Any) -> Any:
        yield b"half"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("halls.data_transfer.cli.export_lines", fail_halfway)
    result = run_halls(worker_uri, "export", "--output", file)
    assert result.exit_code == 1
    assert "No space left on device" in result.stderr
    assert (file.read_bytes(), list(tmp_path.iterdir())) == (before, [file])
