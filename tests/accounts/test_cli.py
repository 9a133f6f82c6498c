"""`halls account`: operators create, list, suspend and restore accounts, and help their holders."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.accounts import administration, store
from halls.accounts.operator_store import mark_suspended
from halls.cli import confirmation
from halls.cli.check import find_violations
from halls.clock import utc_now
from tests.accounts.concurrency import run_before_first_call
from tests.commands import run_halls, run_halls_fully
from tests.factories import PASSWORD, day, insert_booking, insert_owner, insert_user, insert_venue

if TYPE_CHECKING:
    from pathlib import Path

    from halls.mongo.client import Db
    from tests.api_client import ApiClient

EMAIL = "ayesha@example.com"
NEW = "another horse 8"
COMMANDS = ["show", "suspend", "restore", "make-owner", "verify", "reset-link"]


def run_json(uri: str, *arguments: str) -> Any:
    """Run `halls account … --json`; return what it prints."""
    result = run_halls(uri, "account", *arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, ""), result.stderr
    return json.loads(result.stdout)


def test_a_created_account_is_taken_over_with_a_reset_link(api: ApiClient, db: Db, worker_uri: str) -> None:
    options = ["--owner", "--full-name", " Ayesha ", "--contact-number", "0300 1234567"]
    result = run_halls(worker_uri, "account", "create", "Ayesha@Example.com", *options)
    (user,) = db.users.find({})
    assert (result.exit_code, result.stdout) == (0, f"Created account {user['_id']} of {EMAIL}.\n")
    assert (user["full_name"], user["role"], user["password_hash"]) == ("Ayesha", "owner", None)
    assert db.outbox.count_documents({}) == 0
    assert find_violations(db, day(0)) == {}
    made = run_json(worker_uri, "reset-link", EMAIL.upper())
    assert made["link"].startswith("http://127.0.0.1:5000/reset-password?token=")
    body = {"token": made["link"].partition("=")[2], "new_password": NEW}
    assert api.post("/auth/reset-password", body).status == 200
    session = api.post("/auth/login", {"email": EMAIL, "password": NEW}).data
    assert session["profile"]["email_verified"] is False
    assert api.list_venue(session["token"])
    assert api.post("/auth/reset-password", body).code == "bad_reset_token"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no address"], "Error: email: must be an e-mail address"),
        ([EMAIL, "--contact-number", "1"], "Error: contact-number: must be a telephone number"),
        ([EMAIL, "--full-name", ""], "Error: full-name: must not be empty"),
    ],
)
def test_invalid_options_of_create_are_named(db: Db, worker_uri: str, arguments: list[str], message: str) -> None:
    result = run_halls(worker_uri, "account", "create", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert db.users.count_documents({}) == 0


def test_an_address_gets_only_one_account(db: Db, worker_uri: str) -> None:
    insert_user(db, email=EMAIL)
    result = run_halls(worker_uri, "account", "create", EMAIL)
    assert (result.exit_code, result.stderr) == (1, "Error: There is already an account with this e-mail address.\n")


def test_create_prepares_a_new_database(fresh_uri: str) -> None:
    created = run_json(fresh_uri, "create", EMAIL)
    assert (created["email"], created["role"], created["venues"], created["suspended_at"]) == (EMAIL, "user", 0, None)


def test_accounts_are_listed_with_filters(db: Db, worker_uri: str) -> None:
    guest = insert_user(db, email="guest@example.com")
    owner = insert_owner(db, email="owner@example.com")
    odd = insert_user(db, email=7, full_name=[1], suspended_at="yesterday", created_at=None)
    mark_suspended(db, owner["_id"], utc_now())
    rows = run_json(worker_uri, "list")
    assert [row["id"] for row in rows] == [str(each["_id"]) for each in (guest, owner, odd)]
    assert (rows[0]["email"], rows[0]["suspended_at"], rows[2]["email"]) == ("guest@example.com", None, "")
    assert [row["email"] for row in run_json(worker_uri, "list", "--owners")] == ["owner@example.com"]
    assert [row["id"] for row in run_json(worker_uri, "list", "--suspended")] == [str(owner["_id"]), str(odd["_id"])]
    header, *lines = run_halls(worker_uri, "account", "list", "--owners").stdout.splitlines()
    assert header.split() == ["id", "email", "full_name", "role", "email_verified", "suspended_at", "created_at"]
    assert lines[0].split()[:5] == [str(owner["_id"]), "owner@example.com", "Bilal", "Khan", "owner"]


def test_an_account_is_shown_with_its_venues_and_requests(db: Db, worker_uri: str) -> None:
    owner = insert_owner(db, email="Owner@Example.com")
    venue = insert_venue(db, owner["_id"])
    insert_booking(db, venue["_id"], owner["_id"])
    insert_booking(db, venue["_id"], owner["_id"], date=day(6), status="confirmed")
    insert_booking(db, venue["_id"], owner["_id"], date="2020-01-01")
    shown = run_json(worker_uri, "show", " owner@example.com ")
    assert (shown["id"], shown["venues"], shown["pending_requests"]) == (str(owner["_id"]), 1, 1)
    assert "password_hash" not in shown
    lines = run_halls(worker_uri, "account", "show", "owner@example.com").stdout.splitlines()
    assert {"email: Owner@Example.com", "suspended_at: ", "venues: 1", "email_verified: false"} <= set(lines)


def test_an_address_that_the_api_does_not_accept_is_found(db: Db, worker_uri: str) -> None:
    insert_user(db, email="müller@localhost")
    assert run_json(worker_uri, "show", "MÜLLER@localhost")["email"] == "müller@localhost"


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_address_is_reported(db: Db, worker_uri: str, command: str) -> None:
    result = run_halls_fully(worker_uri, "account", command, EMAIL)
    message = f"Error: No account has the e-mail address {EMAIL}. `halls account list` shows all.\n"
    assert (result.exit_code, result.stdout) == (1, "")
    assert re.fullmatch(f"Database: {db.name} at 127.0.0.1:[0-9]+\n{re.escape(message)}", result.stderr)


@pytest.mark.parametrize("command", ["list", *COMMANDS])
def test_a_missing_database_is_not_created(tmp_path: Path, command: str) -> None:
    arguments = [] if command == "list" else [EMAIL]
    result = run_halls(None, "account", command, *arguments, DATA_DIR=str(tmp_path / "data"))
    assert result.exit_code == 1
    assert "Halls has no database here" in result.stderr
    assert not (tmp_path / "data").exists()


def test_an_account_is_suspended_and_restored(api: ApiClient, worker_uri: str) -> None:
    session = api.sign_up(owner=True, email=EMAIL)
    api.list_venue(session["token"])
    result = run_halls(worker_uri, "account", "suspend", EMAIL)
    text = f"Suspended {EMAIL}. Taken out of search: 1 venues. Cancelled: 0 requests.\n"
    assert (result.exit_code, result.stdout, result.stderr) == (0, text, "")
    assert api.post("/auth/login", {"email": EMAIL, "password": PASSWORD}).code == "suspended"
    again = run_json(worker_uri, "suspend", EMAIL)
    assert (again["changed_venues"], again["cancelled_requests"]) == (0, 0)
    assert again["suspended_at"].endswith("Z")
    restored = run_halls(worker_uri, "account", "restore", EMAIL)
    assert restored.stdout == f"Restored {EMAIL}, and 1 venues. The holder has to log in again.\n"
    assert run_halls(worker_uri, "account", "restore", EMAIL).stdout == f"{EMAIL} is not suspended.\n"
    assert api.post("/auth/login", {"email": EMAIL, "password": PASSWORD}).status == 200
    shown = run_json(worker_uri, "restore", EMAIL)
    assert (shown["suspended_at"], shown["changed_venues"]) == (None, 0)


def test_requests_are_cancelled_only_with_the_option(api: ApiClient, db: Db, worker_uri: str) -> None:
    owner, guest = api.owner(), api.sign_up(email=EMAIL)["token"]
    venue_id = api.list_venue(owner)
    ids = [api.book(guest, venue_id, day(ahead)).data["booking_id"] for ahead in (1, 2, 3)]
    api.patch(f"/bookings/{ids[0]}", {"status": "confirmed"}, token=owner)
    run_json(worker_uri, "suspend", EMAIL)
    assert db.bookings.count_documents({"status": "cancelled"}) == 0
    assert run_json(worker_uri, "suspend", EMAIL, "--cancel-requests", "--yes")["cancelled_requests"] == 2
    bookings = [api.get(f"/bookings/{one}", token=owner).data["booking"] for one in ids]
    assert [booking["status"] for booking in bookings] == ["confirmed", "cancelled", "cancelled"]
    assert {key: bookings[1]["cancellation"][key] for key in ("by", "from", "reason")} == {
        "by": "operator",
        "from": "pending",
        "reason": None,
    }
    (*_, entry) = api.get(f"/bookings/{ids[1]}/history", token=owner).data["history"]
    assert (entry["type"], entry["by"]) == ("cancelled", "operator")
    assert find_violations(db, day(0)) == {}


@pytest.mark.usefixtures("api")
def test_cancelling_requests_needs_a_confirmation(db: Db, worker_uri: str) -> None:
    insert_user(db, email=EMAIL)
    result = run_halls(worker_uri, "account", "suspend", EMAIL, "--cancel-requests")
    error = "Error: This can't be undone. Without a terminal the command needs --yes.\n"
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", error)
    assert db.users.count_documents({"suspended_at": {"$exists": True}}) == 0


@pytest.mark.parametrize(("is_agreed", "code"), [(True, 0), (False, 1)])
def test_a_terminal_asks_for_the_confirmation(
    db: Db, worker_uri: str, monkeypatch: pytest.MonkeyPatch, *, is_agreed: bool, code: int
) -> None:
    insert_user(db, email=EMAIL)
    monkeypatch.setattr(confirmation, "is_terminal", lambda: True)
    typed = "y\n" if is_agreed else "n\n"
    result = run_halls(worker_uri, "account", "suspend", EMAIL, "--cancel-requests", typed=typed)
    assert result.exit_code == code
    assert db.users.count_documents({"suspended_at": {"$exists": True}}) == is_agreed


def test_an_account_becomes_an_owner(api: ApiClient, worker_uri: str) -> None:
    token = api.sign_up(email=EMAIL)["token"]
    made = run_halls(worker_uri, "account", "make-owner", EMAIL)
    assert (made.exit_code, made.stdout) == (0, f"{EMAIL} is an owner.\n")
    assert api.list_venue(token)
    again = run_halls(worker_uri, "account", "make-owner", EMAIL)
    assert (again.exit_code, again.stdout) == (0, f"{EMAIL} is an owner already.\n")
    assert run_json(worker_uri, "make-owner", EMAIL)["role"] == "owner"


def test_an_address_is_verified(api: ApiClient, db: Db, worker_uri: str) -> None:
    token = api.sign_up(email=EMAIL)["token"]
    db.email_links.insert_one({"user_id": db.users.find_one({})["_id"]})  # type: ignore[index] # it exists
    verified = run_halls(worker_uri, "account", "verify", EMAIL)
    assert (verified.exit_code, verified.stdout) == (0, f"{EMAIL} is verified.\n")
    assert api.get("/auth/me", token=token).data["profile"]["email_verified"] is True
    assert run_halls(worker_uri, "account", "verify", EMAIL).stdout == f"{EMAIL} is verified already.\n"
    assert find_violations(db, day(0)) == {}


@pytest.mark.parametrize("command", ["verify", "reset-link"])
def test_a_disowned_account_needs_a_reset_by_email(db: Db, worker_uri: str, command: str) -> None:
    insert_user(db, email=EMAIL, disowned_at=utc_now(), password_hash=None)
    result = run_halls(worker_uri, "account", command, EMAIL)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The holder of the mailbox said that the account is not theirs.")


def test_the_link_of_an_operator_does_not_open_an_account_disowned_later(
    api: ApiClient, db: Db, worker_uri: str
) -> None:
    insert_user(db, email=EMAIL)
    token = run_json(worker_uri, "reset-link", EMAIL)["link"].partition("=")[2]
    db.users.update_one({}, {"$set": {"disowned_at": utc_now(), "password_hash": None}})
    answer = api.post("/auth/reset-password", {"token": token, "new_password": NEW})
    assert (answer.status, answer.code) == (422, "bad_reset_token")
    assert find_violations(db, day(0)) == {}


def test_a_reset_link_is_printed_with_its_end(api: ApiClient, worker_uri: str) -> None:
    api.sign_up(email=EMAIL)
    settings = {"APP_URL": "https://app.halls.example/", "RESET_TOKEN_TTL_MINUTES": "60"}
    link, end = run_halls(worker_uri, "account", "reset-link", EMAIL, **settings).stdout.splitlines()
    assert link.startswith("https://app.halls.example/reset-password?token=")
    assert end.startswith("It works once, until 20")


@pytest.mark.parametrize(("command", "name"), [("make-owner", "update_account"), ("verify", "verify_account")])
def test_a_change_meanwhile_is_reported(
    api: ApiClient, db: Db, worker_uri: str, monkeypatch: pytest.MonkeyPatch, command: str, name: str
) -> None:
    user_id = ObjectId(api.sign_up(email=EMAIL)["profile"]["id"])
    run_before_first_call(monkeypatch, store, name, lambda: mark_suspended(db, user_id, utc_now()))
    result = run_halls(worker_uri, "account", command, EMAIL)
    assert result.exit_code == 1
    assert "The account was changed or deleted meanwhile." in result.stderr


def test_a_deletion_meanwhile_is_reported(
    api: ApiClient, db: Db, worker_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.sign_up(email=EMAIL)
    run_before_first_call(monkeypatch, administration, "list_venue_ids", lambda: db.users.delete_many({}))
    result = run_halls(worker_uri, "account", "show", EMAIL)
    assert result.exit_code == 1
    assert "The account was changed or deleted meanwhile." in result.stderr
