"""`halls booking cancel`: an operator cancels a booking, and both sides are told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.bookings import changes
from halls.bookings.notifications import queue_notifications
from halls.bookings.operator_cancellation import cancel_requests
from halls.cli import confirmation
from halls.cli.check import find_violations
from halls.clock import utc_now
from tests.accounts.concurrency import run_before_first_call
from tests.commands import run_halls
from tests.conftest import make_config
from tests.factories import day, insert_booking, insert_owner, insert_user, insert_venue

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

REASON = "The hall has burnt down."


@pytest.fixture
def booking(api: ApiClient) -> Any:
    """A pending booking, with the tokens of its two sides."""
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    return {"owner": owner, "guest": guest, **api.book(guest, venue_id, day(1)).data["booking"]}


@pytest.mark.parametrize("status", ["pending", "confirmed"])
def test_a_booking_is_cancelled_by_the_operator(
    api: ApiClient, db: Db, worker_uri: str, booking: Any, status: str
) -> None:
    path = f"/bookings/{booking['id']}"
    if status == "confirmed":
        api.patch(path, {"status": status}, token=booking["owner"])
    result = run_halls(worker_uri, "booking", "cancel", booking["id"], "--reason", f" {REASON} ", "--yes")
    text = f"Cancelled booking {booking['id']} of {day(1)}. Guest and owner are told by e-mail.\n"
    assert (result.exit_code, result.stdout, result.stderr) == (0, text, "")
    cancellation = api.get(path, token=booking["guest"]).data["booking"]["cancellation"]
    assert cancellation["at"].endswith("Z")
    del cancellation["at"]
    assert cancellation == {"by": "operator", "reason": REASON, "from": status}
    (*_, entry) = api.get(f"{path}/history", token=booking["guest"]).data["history"]
    assert (entry["type"], entry["by"]) == ("cancelled", "operator")
    assert api.book(api.guest(), booking["venue_id"], day(1)).status == 201
    assert find_violations(db, day(0)) == {}


def test_guest_and_owner_are_told(db: Db, worker_uri: str, booking: Any) -> None:
    queue_notifications(db, make_config(), lambda: False)
    run_halls(worker_uri, "booking", "cancel", booking["id"], "--reason", REASON, "--yes")
    queue_notifications(db, make_config(), lambda: False)
    assert db.outbox.count_documents({"kind": "cancelled_by_operator"}) == 2


def test_a_cancelled_booking_stays_as_it_is(api: ApiClient, db: Db, worker_uri: str, booking: Any) -> None:
    api.delete(f"/bookings/{booking['id']}", token=booking["guest"])
    before = db.bookings.find_one({})
    command = ("booking", "cancel", booking["id"], "--reason", REASON, "--yes")
    result = run_halls(worker_uri, *command)
    text = f"Booking {booking['id']} is cancelled already. Nothing was changed.\n"
    assert (result.exit_code, result.stdout) == (0, text)
    printed = {"booking_id": booking["id"], "status": "cancelled", "is_changed": False}
    assert json.loads(run_halls(worker_uri, *command, "--json").stdout) == printed
    assert db.bookings.find_one({}) == before


@pytest.mark.parametrize("fields", [{"date": "2020-01-01"}, {"date": "2020-01-01", "status": "confirmed"}], ids=str)
def test_a_past_booking_can_not_be_cancelled(db: Db, worker_uri: str, fields: dict[str, Any]) -> None:
    venue, guest = insert_venue(db, insert_owner(db, email="o@example.com")["_id"]), insert_user(db)
    booking_id = str(insert_booking(db, venue["_id"], guest["_id"], **fields)["_id"])
    result = run_halls(worker_uri, "booking", "cancel", booking_id, "--reason", REASON, "--yes")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: Only an active booking from today on can be cancelled. Today is ")


@pytest.mark.usefixtures("db")
def test_an_unknown_or_malformed_id_is_reported(worker_uri: str) -> None:
    unknown = run_halls(worker_uri, "booking", "cancel", "0" * 24, "--reason", REASON, "--yes")
    assert (unknown.exit_code, unknown.stderr) == (1, "Error: No booking has this id.\n")
    malformed = run_halls(worker_uri, "booking", "cancel", "ABC", "--reason", REASON)
    assert malformed.exit_code == 2
    assert "An id is 24 hex digits, in lower case." in malformed.stderr


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Missing option '--reason'"),
        (["--reason", " "], "reason: must not be empty"),
        (["--reason", "x" * 501], "reason: must be at most 500 characters"),
        (["--reason", "a\x00b"], "reason: must not contain control characters"),
    ],
)
def test_the_reason_is_required_and_valid(worker_uri: str, options: list[str], message: str) -> None:
    result = run_halls(worker_uri, "booking", "cancel", "0" * 24, "--yes", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_without_a_terminal_the_command_needs_yes(db: Db, worker_uri: str, booking: Any) -> None:
    result = run_halls(worker_uri, "booking", "cancel", booking["id"], "--reason", REASON)
    error = "Error: This can't be undone. Without a terminal the command needs --yes.\n"
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", error)
    assert db.bookings.count_documents({"status": "pending"}) == 1


@pytest.mark.parametrize(("reply", "status"), [("y", "cancelled"), ("n", "pending")])
def test_a_terminal_asks_and_names_the_booking(
    db: Db, worker_uri: str, booking: Any, monkeypatch: pytest.MonkeyPatch, reply: str, status: str
) -> None:
    monkeypatch.setattr(confirmation, "is_terminal", lambda: True)
    result = run_halls(worker_uri, "booking", "cancel", booking["id"], "--reason", REASON, typed=f"{reply}\n")
    question = f"Cancel the pending booking {booking['id']} of {day(1)}? It can't be undone. [y/N]: "
    assert result.stderr.startswith(question)
    assert result.exit_code == (0 if reply == "y" else 1)
    assert db.bookings.count_documents({"status": status}) == 1


def test_a_request_that_the_owner_confirms_meanwhile_stays(
    api: ApiClient, db: Db, booking: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/bookings/{booking['id']}"
    confirm = {"status": "confirmed"}
    run_before_first_call(
        monkeypatch, changes, "cancel_booking", lambda: api.patch(path, confirm, token=booking["owner"])
    )
    assert cancel_requests(db, ObjectId(booking["user_id"]), utc_now()) == 0
    assert api.get(path, token=booking["guest"]).data["booking"]["status"] == "confirmed"
