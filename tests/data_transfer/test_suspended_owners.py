"""An imported venue is suspended exactly if its owner is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.accounts.suspension import restore_account, suspend_account
from halls.cli.check import find_violations
from halls.clock import utc_now
from tests.commands import run_halls
from tests.data_transfer.rows import write_lines
from tests.factories import OWNER_EMAIL, day, insert_owner, venue_row

if TYPE_CHECKING:
    from pathlib import Path

    from halls.mongo.client import Db


def test_a_venue_imported_for_a_suspended_owner_is_suspended(db: Db, worker_uri: str, tmp_path: Path) -> None:
    suspended, other = insert_owner(db, email=OWNER_EMAIL), insert_owner(db, email="other@example.com")
    suspend_account(db, suspended["_id"], utc_now())
    file = write_lines(tmp_path / "file", venue_row(), venue_row(owner_email="other@example.com"))
    assert run_halls(worker_uri, "import", file).exit_code == 0
    assert db.venues.count_documents({"owner_id": suspended["_id"], "suspended_at": {"$type": "date"}}) == 1
    assert db.venues.count_documents({"owner_id": other["_id"], "suspended_at": {"$exists": False}}) == 1
    assert find_violations(db, day(0)) == {}
    assert restore_account(db, suspended["_id"], utc_now()) == 1


def test_an_export_of_a_suspended_venue_is_imported_for_a_restored_owner(
    db: Db, worker_uri: str, tmp_path: Path
) -> None:
    owner, export = insert_owner(db, email=OWNER_EMAIL), tmp_path / "export"
    assert run_halls(worker_uri, "import", write_lines(tmp_path / "file", venue_row())).exit_code == 0
    suspend_account(db, owner["_id"], utc_now())
    # A field of another program, so that the export copies the whole document.
    db.venues.update_many({}, {"$set": {"address": "two\nlines"}})
    assert run_halls(worker_uri, "export", "--output", export).exit_code == 0
    assert b"suspended_at" in export.read_bytes()
    restore_account(db, owner["_id"], utc_now())
    db.venues.delete_many({})
    assert run_halls(worker_uri, "import", export).exit_code == 0
    assert db.venues.count_documents({"suspended_at": {"$exists": False}}) == 1
    assert find_violations(db, day(0)) == {}
