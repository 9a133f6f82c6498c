"""`halls check` finds whatever breaks a promise, names documents by id only, and changes nothing."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.accounts.store import ONE_ACCOUNT_PER_EMAIL
from halls.app import COLLECTIONS
from halls.bookings.store import ONE_ACTIVE_BOOKING_PER_DATE
from halls.cli.check import find_violations
from halls.clock import day_in_karachi, utc_now
from halls.demo.load import load_demo
from halls.http.schema import day_expression, is_day
from halls.mongo.client import connect
from halls.mongo.indexes import ensure_collections
from tests.api_client import day
from tests.commands import run_halls, run_python
from tests.data_transfer.rows import name_case
from tests.external_documents import bare_venue_document, index_all, put_booking, put_owner, put_user, put_venue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from halls.mongo.client import Db, Document

TODAY = day_in_karachi(utc_now())
STRANGER = ObjectId("0123456789abcdef01234567")


@pytest.fixture
def bare(fresh_uri: str) -> Iterator[Db]:
    """A database without indexes and validators, that takes whatever is written."""
    db = connect(fresh_uri)
    yield db
    db.client.close()


@pytest.fixture
def venue(bare: Db) -> Document:
    """A venue with its owner, offered two days from now, among others."""
    return put_venue(bare, put_owner(bare, email="owner@example.com")["_id"])


@pytest.fixture
def guest(bare: Db) -> ObjectId:
    """A guest's id."""
    found: ObjectId = put_user(bare)["_id"]
    return found


EMPTY = ("password_resets", "idempotency_keys", "outbox", "rate_limit_counters")
EMPTY_TOO = "0 idempotency_keys, 0 outbox, 0 rate_limit_counters"


def broken(db: Db) -> dict[str, list[list[str]]]:
    """Return the documents that break promises on data, by promise."""
    index_all(db)
    violations = find_violations(db, TODAY)
    return {invariant: summary.documents for invariant, summary in violations.items() if "." not in invariant}


def test_a_clean_world_passes(db: Db, worker_uri: str) -> None:
    load_demo(db, utc_now())
    result = run_halls(worker_uri, "check")
    assert (result.exit_code, result.stderr) == (0, "")
    counted = "7 users, 0 password_resets, 60 venues, 120 bookings, 60 catalog, " + EMPTY_TOO
    assert result.stdout == f"Checked {counted}: no violated invariants.\n"
    answer = json.loads(run_halls(worker_uri, "check", "--json").stdout)
    assert answer == {
        "ok": True,
        "checked": dict.fromkeys(EMPTY, 0) | {"users": 7, "venues": 60, "bookings": 120, "catalog": 60},
        "violations": {},
    }


def test_documents_of_other_tools_pass(bare: Db, venue: Document, guest: ObjectId) -> None:
    bare.venues.insert_one(bare_venue_document(venue["owner_id"], pricing=None, dates_available=None))
    put_booking(bare, venue["_id"], guest, date=day(5), price_locked=None)
    booking = put_booking(bare, venue["_id"], guest, date="2020-01-01")
    bare.bookings.update_one({"_id": booking["_id"]}, {"$unset": {"price_locked": 1}})
    assert broken(bare) == {}


@pytest.mark.parametrize(
    ("invariant", "fields"),
    [
        ("booking_status_known", {"status": "Confirmed"}),
        ("booking_status_known", {"status": None}),
        ("booking_date_valid", {"date": "2020-02-30"}),
        ("booking_date_valid", {"date": "2020-2-3"}),
        ("booking_guests_positive", {"guests": 0}),
        ("booking_guests_positive", {"guests": "5"}),
        ("booking_guests_positive", {"guests": None}),
        ("booking_price_valid", {"price_locked": -0.5}),
        ("booking_price_valid", {"price_locked": "free"}),
        ("booking_price_valid", {"price_locked": float("nan")}),
        ("coming_booking_offered", {"date": day(3)}),
        ("coming_booking_offered", {"date": day(5), "venue_id": STRANGER}),
        ("coming_booking_guest_exists", {"date": day(5), "user_id": STRANGER}),
    ],
    ids=name_case,
)
def test_a_bad_booking_is_found(
    bare: Db, venue: Document, guest: ObjectId, invariant: str, fields: dict[str, Any]
) -> None:
    put_booking(bare, venue["_id"], guest, date="2020-01-02")
    put_booking(bare, venue["_id"], guest, date=day(9))
    bad = {"venue_id": venue["_id"], "user_id": guest, "date": "2020-01-01", **fields}
    booking = put_booking(bare, bad.pop("venue_id"), bad.pop("user_id"), **bad)
    assert broken(bare) == {invariant: [[str(booking["_id"])]]}


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
        ("venue_dates_valid", {"dates_available": ["2027-02-29"]}),
        ("venue_dates_valid", {"dates_available": "2027-02-28"}),
        ("venue_dates_valid", {"dates_available": [None]}),
        ("venue_prices_valid", {"pricing": {"overrides": [{"date": "2027-02-29", "price": 1}]}}),
        ("venue_prices_valid", {"pricing": {"overrides": [{"date": "2027-02-28", "price": -1}]}}),
        ("venue_prices_valid", {"pricing": {"overrides": [{"date": "2027-02-28", "price": "1"}]}}),
        ("venue_prices_valid", {"pricing": {"overrides": {"date": "2027-02-28", "price": 1}}}),
        ("venue_owner_exists", {"owner_id": STRANGER}),
        ("venue_owner_exists", {"owner_id": None}),
    ],
    ids=str,
)
def test_a_bad_venue_is_found(bare: Db, venue: Document, invariant: str, fields: dict[str, Any]) -> None:
    bad = put_venue(bare, **{"owner_id": venue["owner_id"], **fields})
    assert broken(bare) == {invariant: [[str(bad["_id"])]]}


def test_two_accounts_of_one_address_are_found_in_any_case(bare: Db) -> None:
    same = {str(put_user(bare, email=email)["_id"]) for email in ("ali@example.com", "ALI@example.com")}
    put_user(bare, email="ali@example.org")
    ((found,),) = broken(bare).values()
    assert set(found) == same


@pytest.mark.parametrize("fields", [{"password_hash": None}, {"google_sub": None, "password_hash": 5}], ids=str)
def test_an_account_without_a_way_in_is_found(bare: Db, fields: dict[str, Any]) -> None:
    put_user(bare, email="google@example.com", password_hash=None, google_sub="108")
    account = put_user(bare, **fields)
    assert broken(bare) == {"account_can_sign_in": [[str(account["_id"])]]}


@pytest.mark.parametrize(
    ("statuses", "promises"),
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
def test_two_active_bookings_of_a_date_are_found_however_they_are_spelt(
    bare: Db, venue: Document, guest: ObjectId, statuses: list[Any], promises: list[str]
) -> None:
    ids = [str(put_booking(bare, venue["_id"], guest, date="2020-01-01", status=s)["_id"]) for s in statuses]
    put_booking(bare, venue["_id"], guest, date="2020-01-02")
    found = broken(bare)
    assert sorted(found) == promises
    assert sorted(found.get("one_active_booking_per_date", [ids])[0]) == sorted(ids)


def test_past_and_cancelled_bookings_may_be_on_any_date_of_anybody(bare: Db, venue: Document) -> None:
    put_booking(bare, venue["_id"], ObjectId(), date=day(-1))
    put_booking(bare, ObjectId(), ObjectId(), date=day(3), status="cancelled")
    assert broken(bare) == {}


def test_at_most_twenty_are_named_and_all_are_counted(bare: Db, fresh_uri: str, venue: Document) -> None:
    ensure_collections(bare, COLLECTIONS)
    ids = [str(put_venue(bare, venue["owner_id"], type="Barn")["_id"]) for _ in range(23)]
    index_all(bare)
    answer = json.loads(run_halls(fresh_uri, "check", "--json").stdout)
    assert not answer["ok"]
    violation = answer["violations"]["venue_type_known"]
    assert (violation["count"], len(violation["documents"])) == (23, 20)
    result = run_halls(fresh_uri, "check")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    counted = "1 users, 0 password_resets, 24 venues, 0 bookings, 24 catalog, " + EMPTY_TOO
    assert lines[0] == "venue_type_known: 23 × The type is none of the four."
    assert {line.strip() for line in lines[1:21]} <= set(ids)
    assert lines[21:] == [
        "  and 3 more",
        f"Checked {counted}: 1 violated invariants.",
    ]


def test_more_than_twenty_doubled_addresses_are_counted(bare: Db) -> None:
    for number in range(23):
        put_user(bare, email=f"p{number}@example.com")
        put_user(bare, email=f"P{number}@example.com")
    summary = find_violations(bare, TODAY)["one_account_per_email"]
    assert (summary.count, len(summary.documents)) == (23, 20)


def test_no_address_or_name_is_printed(bare: Db, fresh_uri: str) -> None:
    for email in ("ali@example.com", "ALI@example.com"):
        put_owner(bare, email=email, full_name="Ali Raza", password_hash=None)
    shown = run_halls(fresh_uri, "check").output + run_halls(fresh_uri, "check", "--json").output
    assert "one_account_per_email" in shown
    assert not any(word in shown.lower() for word in ("raza", "example", "@"))


def test_nothing_is_changed_not_even_an_index_made(bare: Db, fresh_uri: str, venue: Document) -> None:
    result = run_halls(fresh_uri, "check")
    assert result.exit_code == 1
    assert "bookings.one_active_booking_per_date: 1 × The index is missing." in result.stdout
    assert "bookings.validator: 1 × The validator is missing, off or another one." in result.stdout
    assert bare.list_collection_names() == ["venues", "users"] or set(bare.list_collection_names()) == {
        "venues",
        "users",
    }
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
def test_an_index_of_another_definition_is_found(bare: Db, name: str, options: dict[str, Any]) -> None:
    ensure_collections(bare, COLLECTIONS)
    assert find_violations(bare, TODAY) == {}
    for collection, index in (("bookings", ONE_ACTIVE_BOOKING_PER_DATE), ("users", ONE_ACCOUNT_PER_EMAIL)):
        if index.document["name"] == name:
            bare[collection].drop_index(name)
            definition = {**index.document, **options}
            key = list(dict(definition.pop("key")).items())
            bare[collection].create_index(key, **{k: v for k, v in definition.items() if v is not None})
            assert list(find_violations(bare, TODAY)) == [f"{collection}.{name}"]


def test_an_index_of_another_name_serves_as_well(bare: Db) -> None:
    ensure_collections(bare, COLLECTIONS)
    bare.venues.drop_index("venues_by_capacity")
    bare.venues.create_index([("capacity", 1)])
    assert find_violations(bare, TODAY) == {}


@pytest.mark.parametrize(
    "change", [{"validator": {}}, {"validationAction": "warn"}, {"validationLevel": "off"}], ids=str
)
def test_a_validator_that_lets_things_in_is_found(bare: Db, change: dict[str, Any]) -> None:
    ensure_collections(bare, COLLECTIONS)
    bare.command("collMod", "bookings", **change)
    assert list(find_violations(bare, TODAY)) == ["bookings.validator"]


def test_a_server_does_not_start_on_what_check_finds(
    tmp_path: Path, bare: Db, fresh_uri: str, venue: Document, guest: ObjectId
) -> None:
    ids = [str(put_booking(bare, venue["_id"], guest, date=day(5))["_id"]) for _ in range(2)]
    before = list(bare.bookings.find())
    served = run_python(fresh_uri, tmp_path, "-m", "halls.cli", "serve")
    assert served.returncode == 1
    assert all(booking_id in served.stderr for booking_id in ids)
    assert "`halls check`" in served.stderr
    assert "Traceback" not in served.stderr
    checked = run_halls(fresh_uri, "check").stdout
    assert "one_active_booking_per_date: 1 × The venue is booked more than once for the date." in checked
    assert all(booking_id in checked for booking_id in ids)
    assert list(bare.bookings.find()) == before


def test_mongodb_knows_the_same_days_as_python(bare: Db) -> None:
    days = [(date(1999, 12, 30) + timedelta(n)).isoformat() for n in range(0, 37_000, 13)]
    turned = [
        f"{year}-{month:02}-{last:02}"
        for year in (2000, 2027, 2028, 2100)
        for month in range(14)
        for last in (0, 1, 28, 29, 30, 31, 32)
    ]
    odd = [
        "",
        "2027-1-05",
        "2027-01-5",
        "20270105",
        " 2027-01-05",
        "2027-01-05\n",
        "\uff12027-01-05",
        "2027-01-05T00:00",
        "2100-12-31",
        "2101-01-01",
    ]
    bare.days.insert_many({"day": text} for text in days + turned + odd)
    known = {row["day"] for row in bare.days.find({"$expr": day_expression("$day")})}
    assert known == {text for text in days + turned + odd if is_day(text)}
    bare.others.insert_many({"day": value} for value in (None, 5, ["2027-01-05"], {"a": 1}, True, 5.5, utc_now()))
    assert list(bare.others.find({"$expr": day_expression("$day")})) == []
