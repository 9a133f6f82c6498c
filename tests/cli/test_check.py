"""`halls check` finds violated invariants, names documents only by id, and changes nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import DatetimeMS, Decimal128, Int64, ObjectId

from halls.accounts.store import ONE_ACCOUNT_PER_EMAIL
from halls.app import COLLECTIONS, TASKS
from halls.bookings.invariants import StoredBooking
from halls.bookings.store import ONE_ACTIVE_BOOKING_PER_DATE
from halls.cli.check import find_violations
from halls.clock import day_in_karachi, utc_now
from halls.demo.load import load_demo
from halls.mongo.client import connect
from halls.mongo.heartbeats import save_heartbeat
from halls.mongo.indexes import ensure_collections
from halls.venues.invariants import StoredVenue
from tests.commands import run_halls, run_python
from tests.data_transfer.rows import name_case
from tests.factories import bare_venue_document, day, index_all, insert_booking, insert_owner, insert_user, insert_venue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from halls.mongo.client import Db, Document

TODAY = day_in_karachi(utc_now())
UNKNOWN_ID = ObjectId("0123456789abcdef01234567")


@pytest.fixture
def bare(fresh_uri: str) -> Iterator[Db]:
    """A database without indexes and validators, so that it accepts any document."""
    db = connect(fresh_uri)
    yield db
    db.client.close()


@pytest.fixture
def venue(bare: Db) -> Document:
    """A venue and its owner; one of its dates is two days from today."""
    return insert_venue(bare, insert_owner(bare, email="owner@example.com")["_id"])


@pytest.fixture
def guest(bare: Db) -> ObjectId:
    """A guest's id."""
    guest_id: ObjectId = insert_user(bare)["_id"]
    return guest_id


EMPTY_COLLECTIONS = (
    *("password_resets", "email_links", "blocked_accounts", "account_deletions", "uploads", "rate_limit_counters"),
    *("venue_events", "events", "webhook_deliveries", "idempotency_keys", "outbox"),
)
EMPTY_COUNTS = "0 idempotency_keys, 0 outbox, 0 rate_limit_counters"


FIELD_INVARIANTS = {field.title for model in (StoredVenue, StoredBooking) for field in model.model_fields.values()}


def data_violations(db: Db) -> dict[str, list[list[str]]]:
    """Return the documents that violate invariants on data, by invariant."""
    index_all(db)
    violations = find_violations(db, TODAY)
    return {invariant: summary.documents for invariant, summary in violations.items() if "." not in invariant}


def test_the_demonstration_data_passes(db: Db, worker_uri: str) -> None:
    load_demo(db, utc_now())
    result = run_halls(worker_uri, "check")
    assert (result.exit_code, result.stderr) == (0, "")
    counted = (
        "7 users, 0 password_resets, 0 email_links, 0 blocked_accounts, 0 account_deletions, 60 venues, "
        "0 venue_events, 121 bookings, 0 events, 1 feeds, 1 webhooks, 0 webhook_deliveries, 0 uploads, "
        "60 search_entries, " + EMPTY_COUNTS
    )
    assert result.stdout.startswith(f"Checked {counted}: no violated invariants.\n")
    report = json.loads(run_halls(worker_uri, "check", "--json").stdout)
    # Other tests may have run tasks on this database.
    del report["stopped_tasks"]
    filled = {"users": 7, "venues": 60, "bookings": 121, "search_entries": 60, "feeds": 1, "webhooks": 1}
    assert report == {"ok": True, "checked": dict.fromkeys(EMPTY_COLLECTIONS, 0) | filled, "violations": {}}


def test_documents_of_external_writers_pass(bare: Db, venue: Document, guest: ObjectId) -> None:
    bare.venues.insert_one(bare_venue_document(venue["owner_id"], pricing=None, dates_available=None))
    insert_booking(bare, venue["_id"], guest, date=day(5), price_locked=None)
    booking = insert_booking(bare, venue["_id"], guest, date="2020-01-01")
    bare.bookings.update_one({"_id": booking["_id"]}, {"$unset": {"price_locked": 1}})
    assert data_violations(bare) == {}


@pytest.mark.parametrize("number", [5.5, Int64(2**40), Decimal128("7"), Decimal128("Infinity"), float("inf")], ids=repr)
def test_each_type_of_bson_numbers_passes(bare: Db, venue: Document, guest: ObjectId, number: Any) -> None:
    insert_venue(bare, venue["owner_id"], capacity=number)
    insert_booking(bare, venue["_id"], guest, date="2020-01-01", guests=number, price_locked=number)
    assert not data_violations(bare).keys() & FIELD_INVARIANTS


@pytest.mark.parametrize(
    "fields",
    [
        {"pricing": []},
        {"booking_rules": []},
        {"booking_rules": {"hold_hours": Decimal128("24"), "terms": None, "colour": "red"}},
        {"pricing": {"overrides": None, "currency": "PKR"}},
        {"pricing": {"overrides": [{"date": "2027-02-28", "price": Decimal128("9.999"), "note": 5}]}},
        {"maps_location": {"type": "Point", "coordinates": [Int64(67), Decimal128("24.5")], "bbox": []}},
    ],
    ids=str,
)
def test_a_venue_of_an_external_writer_passes(bare: Db, venue: Document, fields: dict[str, Any]) -> None:
    insert_venue(bare, venue["owner_id"], **fields)
    assert not data_violations(bare).keys() & FIELD_INVARIANTS


@pytest.mark.parametrize(
    ("invariant", "fields"),
    [
        ("booking_status_known", {"status": "Confirmed"}),
        ("booking_status_known", {"status": None}),
        ("booking_date_valid", {"date": "2020-02-30"}),
        ("booking_date_valid", {"date": "2020-2-3"}),
        ("booking_date_valid", {"date": DatetimeMS(2**60)}),
        ("booking_date_valid", {"date": b"2020-02-03"}),
        ("booking_guests_positive", {"guests": 0}),
        ("booking_guests_positive", {"guests": "5"}),
        ("booking_guests_positive", {"guests": None}),
        ("booking_guests_positive", {"guests": True}),
        ("booking_price_valid", {"price_locked": -0.5}),
        ("booking_price_valid", {"price_locked": "free"}),
        ("booking_price_valid", {"price_locked": float("nan")}),
        ("booking_price_valid", {"price_locked": Decimal128("NaN")}),
        ("coming_booking_offered", {"date": day(3)}),
        ("coming_booking_offered", {"date": day(5), "venue_id": UNKNOWN_ID}),
        ("coming_booking_guest_exists", {"date": day(5), "user_id": UNKNOWN_ID}),
        ("walk_in_valid", {"is_walk_in": True, "status": "confirmed"}),
        ("walk_in_valid", {"is_walk_in": True, "status": "confirmed", "guest": "Bilal"}),
        ("walk_in_valid", {"is_walk_in": True, "status": "confirmed", "guest": [{"full_name": "Bilal"}]}),
        ("walk_in_valid", {"is_walk_in": True, "status": "pending", "guest": {"full_name": "Bilal"}}),
    ],
    ids=name_case,
)
def test_a_bad_booking_is_found(
    bare: Db, venue: Document, guest: ObjectId, invariant: str, fields: dict[str, Any]
) -> None:
    insert_booking(bare, venue["_id"], guest, date="2020-01-02")
    insert_booking(bare, venue["_id"], guest, date=day(9))
    bad = {"venue_id": venue["_id"], "user_id": guest, "date": "2020-01-01", **fields}
    booking = insert_booking(bare, bad.pop("venue_id"), bad.pop("user_id"), **bad)
    assert data_violations(bare) == {invariant: [[str(booking["_id"])]]}


@pytest.mark.parametrize(
    ("invariant", "fields"),
    [
        ("venue_type_known", {"type": "Barn"}),
        ("venue_capacity_positive", {"capacity": 0}),
        ("venue_capacity_positive", {"capacity": None}),
        ("venue_place_valid", {"maps_location": None}),
        ("venue_place_valid", {"maps_location": {"type": "Point", "coordinates": [67.0]}}),
        ("venue_place_valid", {"maps_location": {"type": "Point", "coordinates": 67.0}}),
        ("venue_place_valid", {"maps_location": {"type": "Point", "coordinates": [24.0, 91.0]}}),
        ("venue_place_valid", {"maps_location": {"type": "Point", "coordinates": [181.0, 24.0]}}),
        ("venue_place_valid", {"maps_location": {"type": "Polygon", "coordinates": [67.0, 24.0]}}),
        ("venue_place_valid", {"maps_location": {"type": "Point", "coordinates": [67.0, "24.0"]}}),
        ("venue_place_valid", {"maps_location": {"type": "Point", "coordinates": [67.0, float("nan")]}}),
        ("venue_dates_valid", {"dates_available": ["2027-02-29"]}),
        ("venue_dates_valid", {"dates_available": "2027-02-28"}),
        ("venue_dates_valid", {"dates_available": [None]}),
        ("venue_prices_valid", {"pricing": {"overrides": [{"date": "2027-02-29", "price": 1}]}}),
        ("venue_prices_valid", {"pricing": {"overrides": [{"date": "2027-02-28", "price": -1}]}}),
        ("venue_prices_valid", {"pricing": {"overrides": [{"date": "2027-02-28", "price": "1"}]}}),
        ("venue_prices_valid", {"pricing": {"overrides": {"date": "2027-02-28", "price": 1}}}),
        ("venue_prices_valid", {"pricing": {"overrides": [{"date": "2027-02-28"}, {"date": 5, "price": None}]}}),
        ("venue_prices_valid", {"pricing": 5}),
        ("venue_rules_valid", {"booking_rules": {"hold_hours": -1}}),
        ("venue_rules_valid", {"booking_rules": {"hold_hours": "48"}}),
        ("venue_rules_valid", {"booking_rules": {"terms": 5}}),
        ("venue_rules_valid", {"booking_rules": "none"}),
        ("venue_owner_exists", {"owner_id": UNKNOWN_ID}),
        ("venue_owner_exists", {"owner_id": None}),
    ],
    ids=str,
)
def test_a_bad_venue_is_found(bare: Db, venue: Document, invariant: str, fields: dict[str, Any]) -> None:
    bad = insert_venue(bare, **{"owner_id": venue["owner_id"], **fields})
    assert data_violations(bare) == {invariant: [[str(bad["_id"])]]}


def test_duplicate_email_addresses_are_found_in_any_letter_case(bare: Db) -> None:
    ids_of_one_address = {str(insert_user(bare, email=f"{name}@example.com")["_id"]) for name in ("ali", "ALI")}
    insert_user(bare, email="ali@example.org")
    ((ids,),) = data_violations(bare).values()
    assert set(ids) == ids_of_one_address


@pytest.mark.parametrize(
    ("invariant", "fields"),
    [
        ("account_email_verified_valid", {"email_verified": "true"}),
        ("account_email_verified_valid", {"email_verified": 1}),
        ("account_preferences_valid", {"preferences": "none"}),
        ("account_preferences_valid", {"preferences": {"requests": 1}}),
        ("account_preferences_valid", {"preferences": {"reminder_days": 15}}),
        ("disowned_account_void", {"disowned_at": utc_now()}),
        ("disowned_account_void", {"disowned_at": utc_now(), "password_hash": None, "email_verified": True}),
        ("verification_emails_limited", {"news_emails": {"count": 4}}),
        ("verification_emails_limited", {"verify_emails": {"count": 11}}),
    ],
    ids=name_case,
)
def test_a_bad_account_is_found(bare: Db, invariant: str, fields: dict[str, Any]) -> None:
    usual = {"email_verified": False, "preferences": {"reminder_days": 14.0}, "news_emails": {"count": 3}}
    insert_user(bare, email="usual@example.com", **usual)
    insert_user(bare, email="disowned@example.com", disowned_at=utc_now(), password_hash=None)
    account = insert_user(bare, **fields)
    assert data_violations(bare) == {invariant: [[str(account["_id"])]]}


def test_an_invited_account_may_have_no_password(bare: Db) -> None:
    insert_user(bare, password_hash=None, invited_at=utc_now())
    assert data_violations(bare) == {}


def test_a_venue_that_is_not_suspended_with_its_owner_is_found(bare: Db) -> None:
    suspended = insert_user(bare, email="s@example.com", suspended_at=utc_now())["_id"]
    active = insert_user(bare, email="a@example.com", suspended_at=None)["_id"]
    insert_venue(bare, suspended, suspended_at=utc_now())
    insert_venue(bare, active, suspended_at=None)
    insert_venue(bare, active)
    wrong = [insert_venue(bare, suspended), insert_venue(bare, active, suspended_at=utc_now())]
    ((name, found),) = data_violations(bare).items()
    assert (name, sorted(found)) == ("venue_suspended_with_owner", sorted([str(venue["_id"])] for venue in wrong))


def test_a_link_that_no_account_needs_is_found(bare: Db) -> None:
    changes: list[dict[str, Any]] = [{}, {"email_verified": True}, {"disowned_at": utc_now(), "password_hash": None}]
    accounts = [insert_user(bare, email=f"{number}@example.com", **each) for number, each in enumerate(changes)]
    bare.email_links.insert_many([{"_id": each["_id"], "user_id": each["_id"]} for each in accounts])
    bare.email_links.insert_one({"_id": UNKNOWN_ID, "user_id": UNKNOWN_ID})
    (found,) = data_violations(bare).items()
    unneeded = [UNKNOWN_ID, *(each["_id"] for each in accounts[1:])]
    assert (found[0], sorted(found[1])) == ("email_link_needed", sorted([str(each)] for each in unneeded))


@pytest.mark.parametrize("fields", [{"password_hash": None}, {"google_sub": None, "password_hash": 5}], ids=str)
def test_an_account_without_password_and_google_sub_is_found(bare: Db, fields: dict[str, Any]) -> None:
    insert_user(bare, email="google@example.com", password_hash=None, google_sub="108")
    account = insert_user(bare, **fields)
    assert data_violations(bare) == {"account_can_sign_in": [[str(account["_id"])]]}


@pytest.mark.parametrize(
    ("statuses", "invariants"),
    [
        (["pending", "confirmed"], ["one_active_booking_per_date"]),
        (["pending", " Confirmed "], ["booking_status_known", "one_active_booking_per_date"]),
        (["PENDING", None], ["booking_status_known", "one_active_booking_per_date"]),
        ([{"odd": 1}, 5], ["booking_status_known", "one_active_booking_per_date"]),
        (["pending", "Cancelled"], ["booking_status_known"]),
        (["pending", "cancelled", "cancelled"], []),
    ],
    ids=str,
)
def test_two_active_bookings_of_a_date_are_found_for_any_status(
    bare: Db, venue: Document, guest: ObjectId, statuses: list[Any], invariants: list[str]
) -> None:
    ids = [str(insert_booking(bare, venue["_id"], guest, date="2020-01-01", status=s)["_id"]) for s in statuses]
    insert_booking(bare, venue["_id"], guest, date="2020-01-02")
    violations = data_violations(bare)
    assert sorted(violations) == invariants
    assert sorted(violations.get("one_active_booking_per_date", [ids])[0]) == sorted(ids)


def test_past_and_cancelled_bookings_may_name_missing_dates_and_guests(bare: Db, venue: Document) -> None:
    insert_booking(bare, venue["_id"], ObjectId(), date=day(-1))
    insert_booking(bare, ObjectId(), ObjectId(), date=day(3), status="cancelled")
    assert data_violations(bare) == {}


def test_at_most_twenty_documents_are_named_and_all_are_counted(bare: Db, fresh_uri: str, venue: Document) -> None:
    ensure_collections(bare, COLLECTIONS)
    ids = [str(insert_venue(bare, venue["owner_id"], type="Barn")["_id"]) for _ in range(23)]
    index_all(bare)
    report = json.loads(run_halls(fresh_uri, "check", "--json").stdout)
    assert not report["ok"]
    violation = report["violations"]["venue_type_known"]
    assert (violation["count"], len(violation["documents"])) == (23, 20)
    result = run_halls(fresh_uri, "check")
    lines = result.stdout.splitlines()
    counted = (
        "1 users, 0 password_resets, 0 email_links, 0 blocked_accounts, 0 account_deletions, 24 venues, "
        "0 venue_events, 0 bookings, 0 events, 0 feeds, 0 webhooks, 0 webhook_deliveries, 0 uploads, "
        "24 search_entries, " + EMPTY_COUNTS
    )
    assert (result.exit_code, lines[0]) == (1, "venue_type_known: 23 × The type is not one of the four.")
    assert {line.strip() for line in lines[1:21]} <= set(ids)
    assert lines[21:23] == ["  and 3 more", f"Checked {counted}: 1 violated invariants."]


def test_more_than_twenty_duplicate_addresses_are_counted(bare: Db) -> None:
    for number in range(23):
        insert_user(bare, email=f"p{number}@example.com")
        insert_user(bare, email=f"P{number}@example.com")
    summary = find_violations(bare, TODAY)["one_account_per_email"]
    assert (summary.count, len(summary.documents)) == (23, 20)


def test_no_email_address_or_name_is_printed(bare: Db, fresh_uri: str) -> None:
    for email in ("ali@example.com", "ALI@example.com"):
        insert_owner(bare, email=email, full_name="Ali Raza", password_hash=None)
    output = run_halls(fresh_uri, "check").output + run_halls(fresh_uri, "check", "--json").output
    assert "one_account_per_email" in output
    assert not any(word in output.lower() for word in ("raza", "example", "@"))


def test_check_changes_nothing_and_creates_no_index(bare: Db, fresh_uri: str, venue: Document) -> None:
    result = run_halls(fresh_uri, "check")
    assert result.exit_code == 1
    assert "bookings.one_active_booking_per_date: 1 × The index is missing." in result.stdout
    assert "bookings.validator: 1 × The validator is missing, off or another one." in result.stdout
    assert set(bare.list_collection_names()) == {"venues", "users"}
    assert list(bare.venues.index_information()) == ["_id_"]
    assert bare.venues.find_one() == venue


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("one_active_booking_per_date", {"unique": False}),
        ("one_active_booking_per_date", {"partialFilterExpression": {"status": "pending"}}),
        ("one_active_booking_per_date", {"key": [("date", 1), ("venue_id", 1)]}),
        ("one_account_per_email", {"collation": None}),
        ("one_account_per_email", {"collation": {"locale": "en", "strength": 3}}),
    ],
    ids=str,
)
def test_an_index_with_another_definition_is_found(bare: Db, name: str, options: dict[str, Any]) -> None:
    ensure_collections(bare, COLLECTIONS)
    assert find_violations(bare, TODAY) == {}
    for collection, index in (("bookings", ONE_ACTIVE_BOOKING_PER_DATE), ("users", ONE_ACCOUNT_PER_EMAIL)):
        if index.document["name"] == name:
            bare[collection].drop_index(name)
            definition = {**index.document, **options}
            key = list(dict(definition.pop("key")).items())
            bare[collection].create_index(key, **{k: v for k, v in definition.items() if v is not None})
            assert list(find_violations(bare, TODAY)) == [f"{collection}.{name}"]


def test_an_index_with_another_name_passes(bare: Db) -> None:
    ensure_collections(bare, COLLECTIONS)
    bare.venues.drop_index("venues_by_capacity")
    bare.venues.create_index([("capacity", 1)])
    assert find_violations(bare, TODAY) == {}


@pytest.mark.parametrize(
    "change", [{"validator": {}}, {"validationAction": "warn"}, {"validationLevel": "off"}], ids=str
)
def test_a_weakened_validator_is_found(bare: Db, change: dict[str, Any]) -> None:
    ensure_collections(bare, COLLECTIONS)
    bare.command("collMod", "bookings", **change)
    assert list(find_violations(bare, TODAY)) == ["bookings.validator"]


def test_background_tasks_that_do_not_run_are_named(bare: Db, fresh_uri: str) -> None:
    ensure_collections(bare, COLLECTIONS)
    for task in TASKS[1:]:
        save_heartbeat(bare, task.name, utc_now())
    save_heartbeat(bare, TASKS[0].name, utc_now() - timedelta(minutes=3))
    checked = run_halls(fresh_uri, "check")
    assert checked.exit_code == 0
    assert f"Background tasks that do not run: {TASKS[0].name}. Start `halls worker`" in checked.stdout
    assert json.loads(run_halls(fresh_uri, "check", "--json").stdout)["stopped_tasks"] == [TASKS[0].name]
    save_heartbeat(bare, TASKS[0].name, utc_now())
    assert "Background" not in run_halls(fresh_uri, "check").stdout


def test_a_server_does_not_start_with_violations_and_names_the_documents(
    tmp_path: Path, bare: Db, fresh_uri: str, venue: Document, guest: ObjectId
) -> None:
    ids = [str(insert_booking(bare, venue["_id"], guest, date=day(5))["_id"]) for _ in range(2)]
    before = list(bare.bookings.find())
    server = run_python(fresh_uri, tmp_path, "-m", "halls.cli", "serve")
    assert server.returncode == 1
    assert all(booking_id in server.stderr for booking_id in ids)
    assert "`halls check`" in server.stderr
    assert "Traceback" not in server.stderr
    checked = run_halls(fresh_uri, "check").stdout
    assert "one_active_booking_per_date: 1 × The venue is booked more than once for the date." in checked
    assert all(booking_id in checked for booking_id in ids)
    assert list(bare.bookings.find()) == before
