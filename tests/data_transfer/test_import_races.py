"""Two imports of the same file at once make each venue once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from halls.clock import utc_now
from halls.data_transfer import transaction
from halls.data_transfer.checking import Options
from halls.data_transfer.importing import BATCH_ROWS, ImportStopped, import_rows
from halls.data_transfer.report import Report
from halls.data_transfer.rows import Row
from tests.factories import (
    LIMITS,
    OWNER_EMAIL,
    insert_owner,
    venue_row,
)

if TYPE_CHECKING:
    from halls.mongo.client import Db


def race(db: Db, first_saved: threading.Event, options: Options) -> list[str]:
    """Import the same rows twice. The second import has checked them before the first one saves them.

    Return what each import did.
    """
    rows = [Row(1, venue_row(venue_name=f"V{n}")) for n in range(BATCH_ROWS)]
    outcomes: list[str] = []
    all_checked = threading.Event()

    def read_then_wait() -> Any:
        yield from rows
        all_checked.set()
        first_saved.wait(20)

    def import_one(rows: Any) -> None:
        try:
            import_rows(db, rows, Report(), options, utc_now())
            outcomes.append("imported")
        except ImportStopped as error:
            outcomes.append(str(error))
        first_saved.set()

    second = threading.Thread(target=import_one, args=[read_then_wait()])
    second.start()
    assert all_checked.wait(20)
    import_one(rows)
    second.join()
    return outcomes


@pytest.mark.parametrize("create_owners", [False, True])
def test_two_imports_of_a_file_at_once_make_each_venue_once(db: Db, *, create_owners: bool) -> None:
    if not create_owners:
        insert_owner(db, email=OWNER_EMAIL)
    outcomes = race(db, threading.Event(), Options(LIMITS, create_owners=create_owners))
    assert outcomes[0] == "imported"
    assert "Another process stored or booked the same" in outcomes[1]
    assert (db.venues.count_documents({}), db.users.count_documents({})) == (BATCH_ROWS, 1)


def test_control_without_the_check_in_the_transaction_the_venue_is_doubled(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert_owner(db, email=OWNER_EMAIL)
    monkeypatch.setattr(transaction, "key_of", lambda _: None)
    assert race(db, threading.Event(), Options(LIMITS)) == ["imported", "imported"]
    assert db.venues.count_documents({}) == 2 * BATCH_ROWS


def test_simultaneous_transactions_of_two_imports_are_serialized(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both transactions have inserted their venues before one of them locks the owner's account."""
    insert_owner(db, email=OWNER_EMAIL)
    barrier = threading.Barrier(2)
    lock_accounts = transaction.lock_accounts
    waiting = [True, True]

    def meet_once(*arguments: Any) -> None:
        if waiting:
            waiting.pop()
            barrier.wait(20)
        lock_accounts(*arguments)

    monkeypatch.setattr(transaction, "lock_accounts", meet_once)
    outcomes: list[str] = []

    def import_one() -> None:
        try:
            import_rows(db, [Row(1, venue_row())], Report(), Options(LIMITS), utc_now())
            outcomes.append("imported")
        except ImportStopped as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=import_one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.startswith("Another") for outcome in outcomes) == [False, True]
    assert db.venues.count_documents({}) == 1
