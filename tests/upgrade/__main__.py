"""Runs another version of Halls and this one on one database: `python -m tests.upgrade CHECKOUT`.

Both have a server with all background tasks. Requests go to both in turn. Afterwards no e-mail may be lost, sent twice
or dead, a webhook has each event of this version once, and `halls check` of this version must find nothing. CHECKOUT is
a `git worktree` of the other version.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halls.mongo.client import connect
from halls.mongo.embedded import embedded_mongod
from tests.factories import day
from tests.hostile.world import has_background_work
from tests.mail.smtp_server import running_smtp_server
from tests.processes import run_program
from tests.servers import HALLS, running_server
from tests.waiting import wait_until
from tests.webhooks.receiver import running_receiver

if TYPE_CHECKING:
    from tests.api_client import ApiClient
    from tests.mail.smtp_server import SmtpServer
    from tests.webhooks.receiver import Receiver

ROUNDS = 40
# The e-mails of a round that must arrive, by the beginning of their subjects. The first booking may be cancelled before
# its confirmation is sent.
SENT = {"Request sent": 2, "New request": 2, "Confirmed": 1, "Cancelled": 1, "Your new password for Halls": 2}
# The events of a round that this version makes: it places and confirms one booking, and cancels the other one.
EVENTS_OF_NEW = ["booking.requested", "booking.confirmed", "booking.cancelled"]


def place(old: ApiClient, new: ApiClient, guest: str, venue_id: str) -> list[tuple[str, str]]:
    """Book two days a round, one over each version. Return the ids of both bookings, of the old version first."""
    days = [(day(2 * number + 1), day(2 * number + 2)) for number in range(ROUNDS)]
    return [(book(old, guest, venue_id, first), book(new, guest, venue_id, second)) for first, second in days]


def book(api: ApiClient, guest: str, venue_id: str, date: str) -> str:
    """Book the day and return the id of the booking."""
    booking_id: str = api.book(guest, venue_id, date).data["booking_id"]
    return booking_id


def change(old: ApiClient, new: ApiClient, tokens: tuple[str, str], pair: tuple[str, str]) -> None:
    """Confirm both bookings, each over the version that placed it. Cancel the first one over the other version."""
    owner, guest = tokens
    for api, booking_id in zip((old, new), pair, strict=True):
        assert api.patch(f"/bookings/{booking_id}", {"status": "confirmed"}, token=owner).status == 200
    assert new.delete(f"/bookings/{pair[0]}", token=guest).status == 200
    assert old.get(f"/bookings/{pair[1]}", token=guest).data["booking"]["status"] == "confirmed"


def make_account(api: ApiClient, db: Any, *, owner: bool) -> str:
    """Sign up over the old version, with a verified address. Return the token: it is valid at both versions."""
    token: str = api.sign_up(email=f"{'owner' if owner else 'guest'}@example.com", owner=owner)["token"]
    db.users.update_many({}, {"$set": {"email_verified": True}})
    return token


def find_webhook_problem(receiver: Receiver) -> list[str]:
    """Return what a webhook must not lose: a version without webhooks makes no events for it, and removes none."""
    counts = receiver.count()
    wanted = ROUNDS * len(EVENTS_OF_NEW)
    is_wrong = len(counts) != wanted or set(counts.values()) != {1}
    return [f"webhook: {len(counts)} events in {len(receiver.requests)} requests, not {wanted}"] if is_wrong else []


def list_problems(db: Any, smtp: SmtpServer) -> list[str]:
    """Return what an upgrade must not do to e-mails."""
    subjects = [str(each.message["Subject"]).partition(":")[0] for each in smtp.deliveries]
    return [
        *[
            f"only {subjects.count(each)} × {each}"
            for each, count in SENT.items()
            if subjects.count(each) < count * ROUNDS
        ],
        *[f"sent twice: {each}" for each, count in smtp.copies().items() if count > 1],
        *[f"dead: {each['kind']}" for each in db.outbox.find({"status": "dead"})],
    ]


def run_both(checkout: Path, uri: str, folder: Path) -> list[str]:
    """Run both versions, and return the problems."""
    with (
        running_smtp_server() as smtp,
        running_receiver() as receiver,
        closing(connect(uri).client) as client,
        ExitStack() as stack,
    ):
        db = client.get_default_database()
        settings = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(smtp.port)}
        old, new = (
            stack.enter_context(running_server(mongo_uri=uri, folder=folder / name, **settings, **more)).api
            for name, more in (("old", {"PYTHONPATH": str(checkout / "src")}), ("new", {}))
        )
        for api in (old, new):
            api.wait_until_ready()
        tokens = make_account(old, db, owner=True), make_account(old, db, owner=False)
        new.post("/webhooks", {"url": receiver.url(), "events": EVENTS_OF_NEW}, token=tokens[0])
        dates = [day(ahead) for ahead in range(1, 2 * ROUNDS + 1)]
        venue_id = new.list_venue(tokens[0], dates_available=dates, pricing={"overrides": []})
        pairs = place(old, new, tokens[1], venue_id)
        wait_until(lambda: not has_background_work(db), seconds=120)
        for pair in pairs:
            change(old, new, tokens, pair)
            for api in (old, new):
                assert api.post("/auth/forgot-password", {"email": "guest@example.com"}).status == 200
        wait_until(lambda: not has_background_work(db), seconds=120)
        return [*list_problems(db, smtp), *find_webhook_problem(receiver)]


def main(checkout: Path) -> int:
    """Return 0 if the two versions work side by side, and this version alone repairs what the other one left."""
    with tempfile.TemporaryDirectory() as name, embedded_mongod(Path(name) / "mongo") as uri:
        problems = run_both(checkout, uri, Path(name))
        sys.stdout.write("\n".join(problems or ["no e-mail and no event was lost, sent twice or dead"]) + "\n")
        with running_server(mongo_uri=uri, folder=Path(name) / "after"):
            wait_until(lambda: run_program([*HALLS, "check"], Path(name), MONGO_URI=uri).returncode == 0)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
