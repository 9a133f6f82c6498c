"""An imported file is kept whole or not at all, whatever breaks: kill -9, rivals, a transaction that is too much."""

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
from tests.api_client import day
from tests.commands import run_halls, run_python
from tests.data_transfer.rows import OWNER_EMAIL, venue_row, write_lines
from tests.external_documents import bare_venue_document, put_owner, put_venue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from halls.mongo.client import Db, Document, Session

# Dies as a machine does, in the middle of the second batch.
KILLED = """
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
def venue(db: Db) -> Document:
    """The document of a venue that nobody has kept yet."""
    return bare_venue_document(put_owner(db, email=OWNER_EMAIL)["_id"])


@pytest.fixture
def file(db: Db, tmp_path: Path) -> Path:
    """A file of 120 good venues."""
    put_owner(db, email=OWNER_EMAIL)
    return write_lines(tmp_path / "file", *(venue_row(venue_name=f"V{n}") for n in range(120)))


def kill_an_import(uri: str, file: Path, *options: str) -> None:
    killed = run_python(uri, file.parent, "-c", KILLED, "import", *options, file)
    assert killed.returncode == -signal.SIGKILL, killed.stderr


def test_kill_9_in_the_middle_leaves_nothing_and_the_file_can_be_imported_again(
    db: Db, worker_uri: str, file: Path
) -> None:
    kill_an_import(worker_uri, file)
    assert db.venues.count_documents({}) == 0
    assert run_halls(worker_uri, "import", file).stdout == "Imported 120 venues and 0 bookings.\n"
    assert db.venues.count_documents({}) == 120


def test_kill_9_with_skip_bad_leaves_whole_batches(db: Db, worker_uri: str, file: Path) -> None:
    kill_an_import(worker_uri, file, "--skip-bad")
    assert db.venues.count_documents({}) == importing.BATCH_ROWS


def test_venues_and_bookings_go_together_or_not_at_all(db: Db, venue: Document) -> None:
    booking = {"_id": ObjectId(), "venue_id": venue["_id"], "date": day(1), "status": "pending"}
    twice = batch_of(booking, booking | {"_id": ObjectId()})
    with pytest.raises(NotSaved, match="Somebody else"):
        save_batches(db, [batch_of(venue), Batch("bookings", twice.documents)])
    assert db.venues.count_documents({}) == db.bookings.count_documents({}) == 0


def test_a_date_that_is_taken_away_meanwhile_stops_the_import(db: Db, venue: Document) -> None:
    kept = put_venue(db, venue["owner_id"], dates_available=[day(1)])
    booking = {"_id": ObjectId(), "venue_id": kept["_id"], "date": day(2), "status": "pending"}
    with pytest.raises(NotSaved, match="Somebody else"):
        save_batches(db, [batch_of(venue), batch_of(booking, claims=[(kept["_id"], day(1)), (kept["_id"], day(2))])])
    assert db.venues.count_documents({}) == 1
    assert db.bookings.count_documents({}) == 0
    assert "rev" not in db.venues.find_one({"_id": kept["_id"]})  # type: ignore[operator] # it is there


def test_a_rival_is_told_in_words(db: Db, worker_uri: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction, "insert_venues", insert_twice)
    result = run_halls(worker_uri, "import", file)
    assert result.exit_code == 1
    assert result.stdout == "Imported 0 venues and 0 bookings.\n"
    assert result.stderr == "Error: Somebody else wrote or booked the same while the file was read. Begin again.\n"
    assert db.venues.count_documents({}) == 0


def insert_twice(db: Db, documents: list[RawBSONDocument], session: Session) -> None:
    db.venues.insert_many(documents, session=session)
    db.venues.insert_many(documents, session=session)


def test_a_file_too_large_for_one_transaction_is_told_what_to_do(
    db: Db, worker_uri: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "SAVE_SECONDS", 0.001)
    result = run_halls(worker_uri, "import", file)
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: This is too much for one transaction of the database. "
        "Split the file, or use --skip-bad, which keeps 50 rows at a time.\n"
    )
    assert db.venues.count_documents({}) == 0
    monkeypatch.undo()
    assert run_halls(worker_uri, "import", "--skip-bad", file).stdout == "Imported 120 venues and 0 bookings.\n"


@pytest.mark.parametrize(
    "error",
    [
        ExecutionTimeout("late", 50),
        AutoReconnect("gone"),
        OperationFailure("reaped", 290),
        OperationFailure("full", 65, {"writeErrors": [{"code": 388}]}),
    ],
    ids=str,
)
@pytest.mark.parametrize("broken", ["before", "behind"])
def test_a_break_at_the_commit_is_looked_into(
    db: Db, venue: Document, monkeypatch: pytest.MonkeyPatch, error: Exception, broken: str
) -> None:
    def commit_and_break(db: Db, work: Callable[[Session], Any]) -> None:
        if broken == "behind":
            in_transaction(db, work)
        raise error

    monkeypatch.setattr(transaction, "in_transaction", commit_and_break)
    if broken == "behind":
        save_batches(db, [batch_of(venue)])
    else:
        with pytest.raises(TransactionTooLarge):
            save_batches(db, [batch_of(venue)])
    assert db.venues.count_documents({}) == (broken == "behind")


def test_any_other_error_of_the_driver_is_a_defect(db: Db, venue: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    error = OperationFailure("no such command", 59)

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(transaction, "in_transaction", fail)
    with pytest.raises(OperationFailure):
        save_batches(db, [batch_of(venue)])
