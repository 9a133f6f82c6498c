"""The journey of a booking over HTTP, with two workers: each e-mail arrives once, in order, and is read."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from icalendar import Calendar

from halls.clock import utc_now
from halls.mongo.client import connect
from tests.factories import day
from tests.mail.smtp_server import running_smtp_server
from tests.servers import running_halls, running_server
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.api_client import ApiClient
    from tests.mail.smtp_server import Delivery, SmtpServer

OWNER, GUEST, RIVAL = "owner@example.com", "guest@example.com", "rival@example.com"


class Journey:
    """A server, its worker and the mailboxes of the accounts."""

    def __init__(self, api: ApiClient, server: SmtpServer) -> None:
        self.api, self._server, self._read = api, server, 0

    def await_emails(self, *expected: tuple[str, str]) -> list[Delivery]:
        """Wait for the next e-mails, and return them. Those of one event may come in any order.

        Each must have the receiver and the beginning of the subject.
        """
        wait_until(lambda: len(self._server.deliveries) >= self._read + len(expected))
        new, self._read = self._server.deliveries[self._read :], self._read + len(expected)
        found = [(each.receivers[0], str(each.message["Subject"]).partition(":")[0]) for each in new]
        assert sorted(found) == sorted(expected)
        return new

    def sign_up(self, email: str, *, owner: bool = False) -> str:
        """Sign up and follow the link in the e-mail. Return the token."""
        token: str = self.api.sign_up(email=email, owner=owner)["token"]
        [sent] = self.await_emails((email, "Confirm your e-mail address"))
        [proof] = re.findall(r"/verify-email\?token=([\w-]+)", sent.part("plain"))
        assert self.api.post("/auth/verify-email", {"token": proof}, token=token).data["profile"]["email_verified"]
        return token


@contextmanager
def running_journey(uri: str, folder: Path) -> Iterator[Journey]:
    """Run a server, which in development has the tasks of a worker, and a second worker."""
    with running_smtp_server() as smtp:
        settings = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(smtp.port), "APP_URL": "https://app.example"}
        with (
            running_server(mongo_uri=uri, folder=folder, **settings) as server,
            running_halls("worker", uri, folder / "worker.log", **settings),
        ):
            yield Journey(server.api, smtp)
            assert set(smtp.copies().values()) == {1}


def let_hold_run_out(uri: str, date: str) -> None:
    """Move the end of the hold of that date into the past."""
    with closing(connect(uri).client) as client:
        change = {"$set": {"hold_until": utc_now() - timedelta(seconds=1)}}
        client.get_default_database().bookings.update_one({"date": date}, change)


def test_owner_and_guests_are_told_of_everything_once_and_in_order(fresh_uri: str, tmp_path: Path) -> None:
    with running_journey(fresh_uri, tmp_path) as journey:
        api = journey.api
        owner, guest, rival = journey.sign_up(OWNER, owner=True), journey.sign_up(GUEST), journey.sign_up(RIVAL)
        venue_id = api.list_venue(owner)
        booking_id = api.book(guest, venue_id, day(3)).data["booking_id"]
        journey.await_emails((GUEST, "Request sent"), (OWNER, "New request"))
        assert api.patch(f"/bookings/{booking_id}", {"status": "confirmed"}, token=owner).status == 200
        [confirmed] = journey.await_emails((GUEST, "Confirmed"))
        [calendar] = [part for part in confirmed.message.walk() if part.get_content_type() == "text/calendar"]
        [event] = Calendar.from_ical(calendar.get_content()).walk("VEVENT")
        assert str(event.decoded("DTSTART")) == day(3)

        unanswered = api.book(rival, venue_id, day(5)).data["booking_id"]
        journey.await_emails((RIVAL, "Request sent"), (OWNER, "New request"))
        let_hold_run_out(fresh_uri, day(5))
        journey.await_emails((RIVAL, "Request ended"), (OWNER, "Request ended"))
        assert api.get(f"/bookings/{unanswered}", token=rival).data["booking"]["cancellation"]["by"] == "expiry"

        assert api.delete(f"/bookings/{booking_id}", token=guest).status == 200
        journey.await_emails((OWNER, "Cancelled"))
        history = api.get(f"/bookings/{booking_id}/history", token=owner).data["history"]
        assert [entry["type"] for entry in history] == ["placed", "confirmed", "cancelled"]
