"""Each kind of e-mail is as the stored files show it, has the right headers, and is sent only while it is true."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from bson import ObjectId
from icalendar import Calendar

from halls.bookings import emails
from halls.bookings.calendar_event import event_sequence
from halls.bookings.emails import RENDERERS
from halls.bookings.notifications import RECEIVERS
from halls.mail.wordings import en
from tests.bookings.email_cases import (
    ACCOUNT_CASES,
    CANCELLED,
    CASES,
    FOLDER,
    Case,
    render_account_case,
    render_case,
    show_email,
)
from tests.bookings.email_world import BOOKING_ID, DATE, GUEST_ID, NOW, OWNER_ID, VENUE_ID, EmailWorld
from tests.conftest import make_config

if TYPE_CHECKING:
    from pathlib import Path

    from halls.mail.message import Email
    from halls.mongo.client import Db


def compare_files(name: str, email: Email, tmp_path: Path) -> None:
    """Compare an e-mail with its stored files. The new files stay in the folder of the test."""
    shown = {f"{name}.{form}": content for form, content in show_email(email).items()}
    for file, content in shown.items():
        (tmp_path / file).write_text(content)
    stored = {path.name: path.read_text() for path in FOLDER.glob(f"{name}.*")}
    assert shown == stored, f"if the change is right: cp {tmp_path}/{name}.* {FOLDER}"


def render(db: Db, name: str) -> Email:
    """Return the e-mail of a case."""
    email = render_case(db, CASES[name])
    assert email is not None
    return email


@pytest.mark.parametrize("name", CASES)
def test_an_email_about_a_booking_is_as_stored(db: Db, tmp_path: Path, name: str) -> None:
    compare_files(name, render(db, name), tmp_path)


@pytest.mark.parametrize("name", ACCOUNT_CASES)
def test_an_email_about_an_account_is_as_stored(tmp_path: Path, name: str) -> None:
    compare_files(name, render_account_case(name), tmp_path)


def test_every_kind_has_a_wording_a_renderer_and_a_stored_file() -> None:
    kinds = {case.kind for case in CASES.values()}
    assert kinds == set(RENDERERS)
    assert {kind for targets in RECEIVERS.values() for kind, _ in targets} == kinds - {"hold_ending", "reminder"}
    assert kinds | {kind for kind, _ in ACCOUNT_CASES.values()} == set(en.WORDINGS)
    assert {path.stem for path in FOLDER.iterdir()} == {*CASES, *ACCOUNT_CASES}


def test_emails_that_can_be_switched_off_have_an_address_for_it(db: Db) -> None:
    switchable = {name for name in CASES if _render_in_empty(db, name).unsubscribe_url}
    assert switchable == {"request_new", "hold_ending", "reminder"}


def _render_in_empty(db: Db, name: str) -> Email:
    for collection in ("users", "venues", "bookings", "events"):
        db[collection].delete_many({})
    return render(db, name)


def test_the_calendar_event_is_cancelled_under_the_same_uid_with_a_higher_sequence(db: Db) -> None:
    confirmed, cancelled = (_render_in_empty(db, name) for name in ("confirmed", "cancelled_by_owner"))
    assert confirmed.calendar is not None
    assert cancelled.calendar is not None
    assert (confirmed.calendar.method, cancelled.calendar.method) == ("REQUEST", "CANCEL")
    contents = (confirmed.calendar.content, cancelled.calendar.content)
    first, second = (cast("Any", Calendar.from_ical(content).walk("VEVENT")[0]) for content in contents)
    assert first["UID"] == second["UID"] == f"{BOOKING_ID}@api.halls.example"
    assert second["SEQUENCE"] > first["SEQUENCE"]
    assert (str(first["DTSTART"].dt), str(first["DTEND"].dt)) == (DATE, "2027-02-14")
    assert (first["STATUS"], second["STATUS"]) == ("CONFIRMED", "CANCELLED")


def test_the_sequence_of_a_booking_without_times_is_the_rank_of_its_status() -> None:
    booking: Any = {"_id": ObjectId(), "status": "confirmed", "created_at": "yesterday"}
    assert event_sequence(booking) == 1
    booking["status"] = "done"
    assert event_sequence(booking) == 0


@pytest.mark.parametrize("name", CASES)
def test_an_email_is_not_sent_once_its_status_is_not_true(db: Db, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    case = CASES[name]
    other = "confirmed" if case.status == "cancelled" else "cancelled"
    stale = Case(case.kind, case.receiver, other, changes=case.changes)
    assert render_case(db, stale) is None
    # The control: without the check at sending, the stale e-mail leaves.
    monkeypatch.setattr(emails, "is_true", lambda *_: True)
    for collection in ("users", "venues", "bookings", "events"):
        db[collection].delete_many({})
    assert render_case(db, stale) is not None


@pytest.mark.parametrize("name", [name for name in CASES if name != "hold_ending"])
def test_an_email_about_another_date_is_not_sent(db: Db, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = EmailWorld.add_event

    def add_event(self: EmailWorld, kind: str, by: str, **fields: Any) -> Any:
        self.change(date="2027-02-20")
        return moved(self, kind, by, **fields)

    monkeypatch.setattr(EmailWorld, "add_event", add_event)
    if name == "reminder":
        monkeypatch.setattr("tests.bookings.email_cases.DATE", "2027-02-20")
    assert render_case(db, CASES[name]) is None


def render_entry(db: Db, kind: str, account_id: ObjectId, **fields: Any) -> Email | None:
    """Return the e-mail of an entry about the first event of the booking, or None."""
    event = db.events.find_one() or {}
    data = {"booking_id": BOOKING_ID, "account_id": account_id, "event_id": event.get("_id")}
    entry: Any = {"_id": ObjectId(), "kind": kind, "data": data, "key": "", **fields}
    return RENDERERS[kind](db, make_config(app_url="https://app.halls.example"), entry, fields.get("now", NOW))


def test_an_email_that_asks_for_something_is_not_sent_after_the_date(db: Db) -> None:
    world = EmailWorld(db)
    world.add_event("placed", "guest")
    assert render_entry(db, "request_new", OWNER_ID) is not None
    assert render_entry(db, "request_new", OWNER_ID, now=NOW + timedelta(days=13)) is None


def test_of_two_changes_only_the_latest_is_told(db: Db) -> None:
    world = EmailWorld(db)
    world.add_event("guests_changed", "guest", changes={"guests": {"from": 300, "to": 320}})
    world.change(guests=320.0)
    email = render_entry(db, "booking_changed", OWNER_ID)
    assert email is not None
    assert "Guests: 320 (before: 300)" in email.text
    world.change(guests=350)
    assert render_entry(db, "booking_changed", OWNER_ID) is None


def test_deleted_notes_are_told_as_none(db: Db) -> None:
    world = EmailWorld(db)
    world.add_event("notes_changed", "guest", changes={"notes": {"from": "a", "to": None}})
    world.change(notes=None)
    email = render_entry(db, "booking_changed", OWNER_ID)
    assert email is not None
    assert "\nNotes: none\n" in email.text


@pytest.mark.parametrize("missing", ["bookings", "events", "users", "venues"])
def test_without_its_documents_there_is_no_email(db: Db, missing: str) -> None:
    EmailWorld(db).add_event("placed", "guest")
    event_id = (db.events.find_one() or {})["_id"]
    db[missing].delete_many({})
    data = {"booking_id": BOOKING_ID, "account_id": OWNER_ID, "event_id": event_id}
    assert render_entry(db, "request_new", OWNER_ID, data=data) is None


def test_the_email_about_a_deleted_venue_names_it_from_the_copy_in_the_booking(db: Db) -> None:
    world = EmailWorld(db)
    world.cancel("guest")
    world.add_event("cancelled", "guest", changes=CANCELLED)
    db.venues.delete_many({})
    world.change(venue={"id": VENUE_ID, "venue_name": "Pearl Hall", "address": "1 Main Road", "owner_id": OWNER_ID})
    email = render_entry(db, "cancelled_by_guest", OWNER_ID)
    assert email is not None
    assert "Pearl Hall" in email.subject


def test_a_guest_who_deleted_the_account_is_not_named(db: Db) -> None:
    world = EmailWorld(db)
    world.cancel("account_deletion", "confirmed")
    world.add_event("cancelled", "guest", changes=CANCELLED)
    db.users.delete_one({"_id": GUEST_ID})
    email = render_entry(db, "cancelled_by_guest", OWNER_ID)
    assert email is not None
    assert "The guest has cancelled the booking of Pearl Hall" in email.text
    assert email.reply_to is None


def test_documents_of_external_writers_are_told_without_what_they_lack(db: Db) -> None:
    EmailWorld(db).add_event("confirmed", "owner")
    values = {"status": "confirmed", "guests": None, "price_locked": "much", "created_at": None, "updated_at": None}
    change: Any = {"$set": values}
    db.command("update", "bookings", updates=[{"q": {}, "u": change}], bypassDocumentValidation=True)
    db.venues.update_one({}, {"$set": {"venue_name": 7, "address": None}})
    email = render_entry(db, "confirmed", GUEST_ID)
    assert email is not None
    assert "Confirmed: the venue, 13 February 2027" in email.subject
    assert not {"Guests:", "Price:", "Address:", "Venue:"} & set(email.text.split())
    change["$set"] = {"date": 7}
    db.command("update", "bookings", updates=[{"q": {}, "u": change}], bypassDocumentValidation=True)
    assert render_entry(db, "confirmed", GUEST_ID) is None


@pytest.mark.parametrize(
    ("kind", "account_id", "preferences"),
    [
        ("request_new", OWNER_ID, {"requests": False}),
        ("hold_ending", OWNER_ID, {"requests": False}),
        ("reminder", GUEST_ID, {"reminders": False}),
        ("reminder", GUEST_ID, {"reminder_days": 0}),
    ],
)
def test_preferences_at_the_moment_of_sending_count(
    db: Db, monkeypatch: pytest.MonkeyPatch, kind: str, account_id: ObjectId, preferences: dict[str, Any]
) -> None:
    original = EmailWorld.change

    def change(self: EmailWorld, **fields: Any) -> None:
        self.change_account(account_id, preferences=preferences)
        original(self, **fields)

    monkeypatch.setattr(EmailWorld, "change", change)
    assert render_case(db, CASES[kind]) is None


def test_an_owner_who_switched_requests_off_still_gets_the_others(db: Db) -> None:
    world = EmailWorld(db)
    world.change_account(OWNER_ID, preferences={"requests": False, "reminders": False})
    world.cancel("guest")
    world.add_event("cancelled", "guest")
    assert render_entry(db, "cancelled_by_guest", OWNER_ID) is not None


def test_a_reply_goes_to_the_other_side_only_at_a_verified_address(db: Db) -> None:
    world = EmailWorld(db)
    world.add_event("placed", "guest")
    email = render_entry(db, "request_new", OWNER_ID)
    assert email is not None
    assert email.reply_to == "guest@example.com"
    world.change_account(GUEST_ID, email_verified=False)
    email = render_entry(db, "request_new", OWNER_ID)
    assert email is not None
    assert email.reply_to is None


def test_a_name_or_note_with_a_link_stays_text(db: Db) -> None:
    world = EmailWorld(db)
    world.add_event("placed", "guest")
    world.change_account(GUEST_ID, full_name="www.evil.example")
    world.change(notes="<a href='https://evil.example'>Pay here</a>")
    email = render_entry(db, "request_new", OWNER_ID)
    assert email is not None
    for part in (email.text, email.html):
        assert "evil.example" not in part
        assert "https://evil" not in part
    assert "<a href='" not in email.html


def test_the_end_of_a_hold_is_told_only_while_it_is_the_end(db: Db) -> None:
    case = CASES["hold_ending"]
    assert render_case(db, case) is not None
    key = f"hold_ending/{BOOKING_ID}/{(NOW + timedelta(days=7)).isoformat()}"
    entry = {"data": {"booking_id": BOOKING_ID, "account_id": OWNER_ID}, "key": key}
    assert render_entry(db, "hold_ending", OWNER_ID, **entry) is not None
    assert render_entry(db, "hold_ending", OWNER_ID, **entry, now=NOW + timedelta(days=7)) is None
    for hold_until in (NOW + timedelta(days=8), None):
        db.bookings.update_one({}, {"$set": {"hold_until": hold_until}})
        assert render_entry(db, "hold_ending", OWNER_ID, **entry) is None


def test_an_unverified_address_gets_one_email_a_day_and_three_in_total(db: Db) -> None:
    """Invariant T4."""
    world = EmailWorld(db)
    world.add_event("placed", "guest")
    world.change_account(OWNER_ID, email_verified=False)
    sent = []
    for hours in range(0, 7 * 24, 6):
        world.change(date="2027-03-13")
        db.events.update_one({}, {"$set": {"date": "2027-03-13"}})
        email = render_entry(db, "request_new", OWNER_ID, now=NOW + timedelta(hours=hours))
        if email is not None:
            sent.append((hours, email.subject))
    assert [hours for hours, _ in sent] == [0, 24, 48]
    assert {subject for _, subject in sent} == {"News about your booking: confirm your e-mail address"}


def test_the_email_to_an_unverified_address_names_no_venue_and_no_guest(db: Db) -> None:
    world = EmailWorld(db)
    world.add_event("placed", "guest")
    world.change_account(OWNER_ID, email_verified=False)
    email = render_entry(db, "request_new", OWNER_ID)
    assert email is not None
    assert not {"Pearl", "Ayesha"} & set(email.text.split())


@pytest.mark.parametrize("step", ["claim_news_email", "render_verify_email"])
def test_an_address_that_is_verified_while_the_email_is_rendered_gets_it(
    db: Db, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def verify(*_args: Any, **_options: Any) -> None:
        world.change_account(OWNER_ID, email_verified=True)

    world = EmailWorld(db)
    world.add_event("placed", "guest")
    world.change_account(OWNER_ID, email_verified=False)
    monkeypatch.setattr(emails, step, verify)
    email = render_entry(db, "request_new", OWNER_ID)
    assert email is not None
    assert email.subject.startswith("New request")


@pytest.mark.parametrize("name", ["request_received", "reminder"])
def test_an_email_about_a_booking_names_the_address_of_the_operator(db: Db, name: str) -> None:
    email = render_case(db, CASES[name], operator_email="help@halls.example")
    assert email is not None
    assert "\nHalls\nQuestions? Write to help@halls.example\n" in email.text
    assert '<a href="mailto:help@halls.example"' in email.html
