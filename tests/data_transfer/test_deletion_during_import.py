"""What is imported for an account while it is closed is gone with it, or not kept: nothing is left to nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from halls.accounts import deletion as closure
from halls.clock import utc_now
from halls.data_transfer import transaction
from halls.data_transfer.files import Row
from halls.data_transfer.importing import ImportStopped, Report, import_rows
from tests.accounts.concurrency import meanwhile
from tests.api_client import PASSWORD, Api, day
from tests.data_transfer.rows import GUEST_EMAIL, OWNER_EMAIL, VENUE_ID, booking_row, venue_row

if TYPE_CHECKING:
    from flask import Flask

    from halls.mongo.client import Db

GONE = "Somebody closed an account while the file was read. Begin again."
NOTES = "Red carpet for grandmother"


class People:
    """An owner and a guest, one of whom closes the account while a file is imported that names both."""

    def __init__(self, app: Flask, api: Api, db: Db, leaves: str) -> None:
        self.app, self.db = app, db
        tokens = {
            OWNER_EMAIL: api.sign_up(owner=True, email=OWNER_EMAIL)["token"],
            GUEST_EMAIL: api.sign_up(email=GUEST_EMAIL)["token"],
        }
        self.leaver = tokens[leaves]
        # An owner with coming bookings can't leave.
        coming = [] if leaves == OWNER_EMAIL else [booking_row(date=day(1), status="pending", price_locked=None)]
        bookings = [booking_row(notes=NOTES), *coming]
        self.rows = [Row(1, venue_row(id=VENUE_ID)), *[Row(1, booking, "bookings") for booking in bookings]]
        self.said: list[str] = []

    def leave(self) -> None:
        """Close the account."""
        answer = Api(self.app.test_client()).send("DELETE", "/auth/me", {"password": PASSWORD}, as_=self.leaver)
        self.said.append(str(answer.status))

    def bring_in(self) -> None:
        """Import the file."""
        try:
            import_rows(self.db, self.rows, Report(), skip_bad=False, max_video_mb=25, now=utc_now())
        except ImportStopped as stopped:
            self.said.append(str(stopped))
        else:
            self.said.append("kept")

    def left_over(self) -> int:
        """Count what is nobody's: venues, active coming bookings, and words of who has gone."""
        gone = {"$nin": self.db.users.distinct("_id")}
        coming = {"date": {"$gte": day(0)}, "status": {"$ne": "cancelled"}}
        bookings = {"user_id": gone, "$or": [coming, {"notes": NOTES}]}
        return self.db.venues.count_documents({"owner_id": gone}) + self.db.bookings.count_documents(bookings)


def import_while_closing(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Import between the closing's last look at venues and bookings and its end."""
    thread = meanwhile(monkeypatch, closure, "delete_keys", people.bring_in)
    people.leave()
    thread.join()


def close_while_importing(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Close the account when all of the file is inserted, and the transaction is open yet."""
    thread = meanwhile(monkeypatch, transaction, "refresh_entries", people.leave)
    people.bring_in()
    thread.join()


RACES = pytest.mark.parametrize(
    ("race", "said"), [(import_while_closing, {"200", GONE}), (close_while_importing, {"kept", "200"})]
)
LEAVERS = pytest.mark.parametrize("leaves", [OWNER_EMAIL, GUEST_EMAIL])
Race = Callable[[People, pytest.MonkeyPatch], None]


@RACES
@LEAVERS
def test_nothing_is_imported_for_who_is_gone(
    app: Flask, api: Api, db: Db, monkeypatch: pytest.MonkeyPatch, race: Race, said: set[str], leaves: str
) -> None:
    people = People(app, api, db, leaves)
    race(people, monkeypatch)
    assert set(people.said) == said
    assert people.left_over() == 0


@RACES
@LEAVERS
def test_control_without_holding_the_accounts_something_is_left_over(
    app: Flask, api: Api, db: Db, monkeypatch: pytest.MonkeyPatch, race: Race, said: set[str], leaves: str
) -> None:
    del said
    monkeypatch.setattr(transaction, "lock_accounts", lambda *_: None)
    people = People(app, api, db, leaves)
    race(people, monkeypatch)
    assert set(people.said) == {"kept", "200"}
    assert people.left_over() == (1 if leaves == OWNER_EMAIL else 2)
