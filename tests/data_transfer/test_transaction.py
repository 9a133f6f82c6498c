"""An import is atomic: after kill -9, concurrent writes, a lost connection or a too large transaction."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import bson
import pytest
from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from pymongo.errors import AutoReconnect, ExecutionTimeout, OperationFailure

from halls.data_transfer import importing, transaction
from halls.data_transfer.transaction import Batch, NotSaved, TransactionTooLarge, save_batches
from halls.mongo.client import in_transaction
from tests.commands import run_halls, run_python
from tests.data_transfer.rows import write_lines
from tests.factories import OWNER_EMAIL, bare_venue_document, day, insert_owner, insert_venue, venue_row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from halls.mongo.client import Db, Document, Session

# Kills its own process in the middle of the second batch.
SELF_KILLING_IMPORT = """
import os, signal, sys
from halls.cli.main import main
from halls.data_transfer import transaction

inserted = []
insert_venues = transaction.insert_venues

def die(db, documents, session):
    insert_venues(db, documents, session)
    inserted.append(len(documents))
    if len(inserted) == 2:
        os.kill(os.getpid(), signal.SIGKILL)

transaction.insert_venues = die
main(sys.argv[1:])
"""


def batch_of(*documents: Document, claims: list[tuple[ObjectId, str]] | None = None) -> Batch:
    raw = [RawBSONDocument(bson.encode(document)) for document in documents]
    return Batch("bookings" if claims else "venues", raw, claims or [])


@pytest.fixture
def venue(db: Db) -> Any:
    """The document of a venue that is not stored yet."""
    return bare_venue_document(insert_owner(db, email=OWNER_EMAIL)["_id"])


@pytest.fixture
def file(db: Db, tmp_path: Path) -> Path:
    """A file of 120 valid venues."""
    insert_owner(db, email=OWNER_EMAIL)
    return write_lines(tmp_path / "file", *(venue_row(venue_name=f"V{n}") for n in range(120)))


def run_killed_import(uri: str, file: Path, *options: str) -> None:
    process = run_python(uri, file.parent, "-c", SELF_KILLING_IMPORT, "import", *options, file)
    assert process.returncode == -signal.SIGKILL, process.stderr


def test_a_killed_import_stores_nothing_and_can_be_repeated(db: Db, worker_uri: str, file: Path) -> None:
    run_killed_import(worker_uri, file)
    assert db.venues.count_documents({}) == 0
    assert run_halls(worker_uri, "import", file).stdout == "Imported 120 venues and 0 bookings.\n"
    assert db.venues.count_documents({}) == 120


def test_a_killed_import_with_skip_bad_stores_whole_batches(db: Db, worker_uri: str, file: Path) -> None:
    run_killed_import(worker_uri, file, "--skip-bad")
    assert db.venues.count_documents({}) == importing.BATCH_ROWS


def test_venues_and_bookings_are_stored_in_one_transaction(db: Db, venue: Document) -> None:
    booking = {"_id": ObjectId(), "venue_id": venue["_id"], "date": day(1), "status": "pending"}
    double_booking = batch_of(booking, booking | {"_id": ObjectId()})
    with pytest.raises(NotSaved, match="Another process"):
        save_batches(db, [batch_of(venue), Batch("bookings", double_booking.documents)])
    assert db.venues.count_documents({}) == db.bookings.count_documents({}) == 0


def test_a_concurrently_removed_date_stops_the_import(db: Db, venue: Document) -> None:
    stored = insert_venue(db, venue["owner_id"], dates_available=[day(1)])
    booking = {"_id": ObjectId(), "venue_id": stored["_id"], "date": day(2), "status": "pending"}
    with pytest.raises(NotSaved, match="Another process"):
        save_batches(
            db, [batch_of(venue), batch_of(booking, claims=[(stored["_id"], day(1)), (stored["_id"], day(2))])]
        )
    assert db.venues.count_documents({}) == 1
    assert db.bookings.count_documents({}) == 0
    assert "rev" not in db.venues.find_one({"_id": stored["_id"]})  # type: ignore[operator] # the venue exists


def test_a_concurrent_insert_is_reported_in_plain_words(
    db: Db, worker_uri: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "insert_venues", insert_twice)
    result = run_halls(worker_uri, "import", file)
    assert result.exit_code == 1
    assert result.stdout == "Imported 0 venues and 0 bookings.\n"
    assert (
        result.stderr
        == "Error: Another process stored or booked the same while the file was read. Start the import again.\n"
    )
    assert db.venues.count_documents({}) == 0


def insert_twice(db: Db, documents: list[RawBSONDocument], session: Session) -> None:
    db.venues.insert_many(documents, session=session)
    db.venues.insert_many(documents, session=session)


def test_a_too_large_file_is_reported_with_a_workaround(
    db: Db, worker_uri: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "SAVE_SECONDS", 0.001)
    result = run_halls(worker_uri, "import", file)
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: The file is too large for one transaction of the database. "
        "Split the file, or use --skip-bad, which inserts 50 rows at a time.\n"
    )
    assert db.venues.count_documents({}) == 0
    monkeypatch.undo()
    assert run_halls(worker_uri, "import", "--skip-bad", file).stdout == "Imported 120 venues and 0 bookings.\n"


@pytest.mark.parametrize(
    "error",
    [
        ExecutionTimeout("timed out", 50),
        AutoReconnect("connection closed"),
        OperationFailure("transaction aborted", 290),
        OperationFailure("transaction too large for the cache", 65, {"writeErrors": [{"code": 388}]}),
    ],
    ids=str,
)
@pytest.mark.parametrize("failure", ["before commit", "after commit"])
def test_after_a_commit_error_the_stored_documents_are_checked(
    db: Db, venue: Document, monkeypatch: pytest.MonkeyPatch, error: Exception, failure: str
) -> None:
    def commit_and_fail(db: Db, work: Callable[[Session], Any]) -> None:
        if failure == "after commit":
            in_transaction(db, work)
        raise error

    monkeypatch.setattr(transaction, "in_transaction", commit_and_fail)
    if failure == "after commit":
        save_batches(db, [batch_of(venue)])
    else:
        with pytest.raises(TransactionTooLarge):
            save_batches(db, [batch_of(venue)])
    assert db.venues.count_documents({}) == (failure == "after commit")


def test_any_other_driver_error_is_raised(db: Db, venue: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    error = OperationFailure("no such command", 59)

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(transaction, "in_transaction", fail)
    with pytest.raises(OperationFailure):
        save_batches(db, [batch_of(venue)])
