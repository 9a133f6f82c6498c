"""Import during account deletion: imported data is deleted with the account, or not stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from halls.accounts import deletion
from halls.clock import utc_now
from halls.data_transfer import transaction
from halls.data_transfer.checking import Options
from halls.data_transfer.importing import ImportStopped, import_rows
from halls.data_transfer.report import Report
from halls.data_transfer.rows import Row
from tests.accounts.concurrency import start_rival
from tests.api_client import ApiClient
from tests.factories import GUEST_EMAIL, LIMITS, OWNER_EMAIL, PASSWORD, VENUE_ID, booking_row, day, venue_row

if TYPE_CHECKING:
    from flask import Flask

    from halls.mongo.client import Db

ACCOUNT_DELETED = "An account in the file was deleted while the file was read. Start the import again."
NOTES = "Red carpet for grandmother"


class Accounts:
    """An owner and a guest; one account is deleted while a file with both is imported."""

    def __init__(self, app: Flask, api: ApiClient, db: Db, deleted_email: str) -> None:
        self.app, self.db = app, db
        tokens = {
            OWNER_EMAIL: api.sign_up(owner=True, email=OWNER_EMAIL)["token"],
            GUEST_EMAIL: api.sign_up(email=GUEST_EMAIL)["token"],
        }
        self.deleted_token = tokens[deleted_email]
        # The API rejects the deletion of an owner with upcoming bookings.
        upcoming = (
            [] if deleted_email == OWNER_EMAIL else [booking_row(date=day(1), status="pending", price_locked=None)]
        )
        bookings = [booking_row(notes=NOTES), *upcoming]
        self.rows = [Row(1, venue_row(id=VENUE_ID)), *[Row(1, booking, "bookings") for booking in bookings]]
        self.outcomes: list[str] = []

    def delete_account(self) -> None:
        """Delete the account over HTTP."""
        response = ApiClient(self.app.test_client()).send(
            "DELETE", "/auth/me", {"password": PASSWORD}, token=self.deleted_token
        )
        self.outcomes.append(str(response.status))

    def import_file(self) -> None:
        """Import the rows."""
        try:
            import_rows(self.db, self.rows, Report(), Options(LIMITS), utc_now())
        except ImportStopped as error:
            self.outcomes.append(str(error))
        else:
            self.outcomes.append("imported")

    def count_orphans(self) -> int:
        """Count orphaned venues that are not marked, orphaned upcoming bookings, and notes of deleted guests."""
        deleted_users = {"$nin": self.db.users.distinct("_id")}
        upcoming = {"date": {"$gte": day(0)}, "status": {"$ne": "cancelled"}}
        bookings = {"user_id": deleted_users, "$or": [upcoming, {"notes": NOTES}]}
        venues = {"owner_id": deleted_users, "deleted_at": None}
        return self.db.venues.count_documents(venues) + self.db.bookings.count_documents(bookings)


def import_during_deletion(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Import after the deletion has last read venues and bookings, and before it ends."""
    thread = start_rival(monkeypatch, deletion, "delete_entries_to", accounts.import_file)
    accounts.delete_account()
    thread.join()


def delete_during_import(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Delete the account after every insert of the file, while the transaction is still open."""
    thread = start_rival(monkeypatch, transaction, "refresh_entries", accounts.delete_account)
    accounts.import_file()
    thread.join()


RACES = pytest.mark.parametrize(
    ("race", "outcomes"),
    [(import_during_deletion, {"200", ACCOUNT_DELETED}), (delete_during_import, {"imported", "200"})],
)
DELETED_EMAILS = pytest.mark.parametrize("deleted_email", [OWNER_EMAIL, GUEST_EMAIL])
Race = Callable[[Accounts, pytest.MonkeyPatch], None]


@RACES
@DELETED_EMAILS
def test_nothing_is_stored_for_a_deleted_account(
    app: Flask,
    api: ApiClient,
    db: Db,
    monkeypatch: pytest.MonkeyPatch,
    race: Race,
    outcomes: set[str],
    deleted_email: str,
) -> None:
    accounts = Accounts(app, api, db, deleted_email)
    race(accounts, monkeypatch)
    assert set(accounts.outcomes) == outcomes
    assert accounts.count_orphans() == 0


@RACES
@DELETED_EMAILS
def test_control_without_account_locks_orphans_remain(
    app: Flask,
    api: ApiClient,
    db: Db,
    monkeypatch: pytest.MonkeyPatch,
    race: Race,
    outcomes: set[str],
    deleted_email: str,
) -> None:
    del outcomes
    monkeypatch.setattr(transaction, "lock_accounts", lambda *_: None)
    accounts = Accounts(app, api, db, deleted_email)
    race(accounts, monkeypatch)
    assert set(accounts.outcomes) == {"imported", "200"}
    assert accounts.count_orphans() == (1 if deleted_email == OWNER_EMAIL else 2)
