"""GET /exports/bookings.csv: the file, its filters, its limit, its snapshot and its memory."""

from __future__ import annotations

import csv
import io
import tracemalloc
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.accounts.store import find_accounts
from halls.http.schema import validate
from halls.statistics import service
from halls.statistics.schemas import ExportQuery
from tests.factories import PASSWORD, WRITTEN_AT, day, insert_booking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db
    from tests.api_client import ApiClient, ApiResponse

HEADER = (
    b"\xef\xbb\xbfid,date,venue_name,status,guests,price_locked,guest_name,guest_email,guest_contact_number,"
    b"is_walk_in,notes,created_at\r\n"
)
START = date(2020, 1, 1)


@pytest.fixture
def owner(api: ApiClient) -> Any:
    """The session of an owner."""
    return api.sign_up(owner=True, full_name="Omar", contact_number="0300-7654321")


@pytest.fixture
def venue_id(api: ApiClient, owner: Any) -> str:
    """The id of the owner's venue."""
    return api.list_venue(owner["token"])


def export(api: ApiClient, owner: Any, query: str = f"from=2020-01-01&to={day(9)}") -> ApiResponse:
    """Return the response with the file of a query."""
    response = api.get(f"/exports/bookings.csv?{query}", token=owner["token"])
    assert response.status == 200, response.json
    return response


def read_rows(response: ApiResponse) -> list[dict[str, str]]:
    """Return the rows of a file, by column."""
    text = response.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def insert_many(db: Db, venue_id: ObjectId, count: int, **fields: Any) -> None:
    """Insert cancelled bookings on different days."""
    days = ((START + timedelta(days=number % 2_000)).isoformat() for number in range(count))
    cancelled = {"venue_id": venue_id, "user_id": ObjectId(), "status": "cancelled", "guests": 5, **fields}
    db.bookings.insert_many({**cancelled, "date": each} for each in days)


def test_the_file_has_a_row_for_each_booking(api: ApiClient, owner: Any, venue_id: str) -> None:
    session = api.sign_up(full_name="علی", contact_number="+92 300 1234567")
    booked = api.book(session["token"], venue_id, day(1), guests=120, notes='He said "yes",\nthen =no').data["booking"]
    response = export(api, owner)
    created_at, email = booked["created_at"], session["profile"]["email"]
    row = (
        f"{booked['id']},{day(1)},Pearl Hall,pending,120,101000,علی,{email},+92 300 1234567,false,"
        f'"He said ""yes"",\nthen =no",{created_at}\r\n'
    )
    assert response.content == HEADER + row.encode()
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    name = f"bookings-2020-01-01-to-{day(9)}.csv"
    assert response.headers["Content-Disposition"] == f"attachment; filename={name}"
    assert response.headers["Cache-Control"] == "no-store"


def test_a_file_without_bookings_has_the_header(api: ApiClient, owner: Any) -> None:
    assert export(api, owner, "").content == HEADER


def test_the_rows_are_in_order_of_date_and_id(api: ApiClient, db: Db, owner: Any, venue_id: str) -> None:
    insert_many(db, ObjectId(venue_id), 4_500)
    rows = [(row["date"], row["id"]) for row in read_rows(export(api, owner))]
    assert len(rows) == 4_500
    assert rows == sorted(rows)


def test_the_filters_choose_days_statuses_and_a_venue(api: ApiClient, db: Db, owner: Any, venue_id: str) -> None:
    second_id = api.list_venue(owner["token"], venue_name="Second Hall")
    for place, booked_on, status in [
        (venue_id, "2026-02-14", "confirmed"),
        (venue_id, "2026-02-15", "pending"),
        (venue_id, "2026-02-16", "cancelled"),
        (second_id, "2026-02-14", "confirmed"),
    ]:
        insert_booking(db, ObjectId(place), ObjectId(), date=booked_on, status=status)

    def count(query: str) -> int:
        return len(read_rows(export(api, owner, query)))

    days = "from=2026-02-14&to=2026-02-16"
    assert count(days) == 4
    assert count(f"{days}&status=confirmed") == 2
    assert count(f"{days}&status=pending,cancelled") == 2
    assert count(f"{days}&venue_id={second_id}") == 1
    assert count("from=2026-02-15&to=2026-02-15") == 1
    wrong = api.get("/exports/bookings.csv?status=open", token=owner["token"])
    assert (wrong.status, wrong.fields) == (422, ["status"])


def test_a_deleted_guest_has_no_personal_data(api: ApiClient, owner: Any, venue_id: str) -> None:
    guest = api.sign_up(full_name="Ayesha", contact_number="0300-1234567")
    api.book(guest["token"], venue_id, day(1), notes="Call me.")
    assert read_rows(export(api, owner))[0]["guest_name"] == "Ayesha"
    assert api.send("DELETE", "/auth/me", {"password": PASSWORD}, token=guest["token"]).status == 200
    [row] = read_rows(export(api, owner))
    empty = ("guest_name", "guest_email", "guest_contact_number", "notes")
    assert ([row[name] for name in empty], row["status"]) == (["", "", "", ""], "cancelled")


def test_a_walk_in_shows_its_guest_and_not_the_owner(api: ApiClient, db: Db, owner: Any, venue_id: str) -> None:
    guest = {"full_name": "Ayesha", "contact_number": "0300-1234567", "email": None}
    walk_in = {"status": "confirmed", "is_walk_in": True, "guest": guest}
    insert_booking(db, ObjectId(venue_id), ObjectId(owner["profile"]["id"]), **walk_in)
    [row] = read_rows(export(api, owner))
    assert (row["guest_name"], row["guest_email"], row["is_walk_in"]) == ("Ayesha", "", "true")


def test_bookings_of_deleted_venues_are_in_the_file(api: ApiClient, db: Db, owner: Any, venue_id: str) -> None:
    guest = api.sign_up(full_name="Ayesha")
    insert_booking(db, ObjectId(venue_id), ObjectId(guest["profile"]["id"]), date="2026-02-14")
    api.delete(f"/venues/{venue_id}", token=owner["token"])
    [row] = read_rows(export(api, owner))
    assert (row["venue_name"], row["guest_name"]) == ("Pearl Hall", "Ayesha")
    assert read_rows(export(api, owner, f"from=2026-01-01&venue_id={venue_id}")) == [row]


def test_a_day_that_does_not_exist_is_left_out_as_in_the_statistics(
    api: ApiClient, db: Db, owner: Any, venue_id: str
) -> None:
    insert_booking(db, ObjectId(venue_id), ObjectId(), date="2026-02-30", status="confirmed")
    assert read_rows(export(api, owner, "from=2026-02-01&to=2026-03-01")) == []
    total = api.get("/statistics?from=2026-02-01&to=2026-03-01", token=owner["token"]).data["total"]
    assert (total["booked"], total["offered"]) == (0, 0)


def test_bookings_of_other_owners_are_not_in_the_file(api: ApiClient, db: Db, owner: Any) -> None:
    insert_booking(db, ObjectId(api.list_venue(api.owner())), ObjectId(owner["profile"]["id"]))
    assert read_rows(export(api, owner)) == []


def test_more_than_twenty_thousand_rows_are_an_error(api: ApiClient, db: Db, owner: Any, venue_id: str) -> None:
    insert_many(db, ObjectId(venue_id), 20_001)
    response = api.get(f"/exports/bookings.csv?from=2020-01-01&to={day(0)}", token=owner["token"])
    assert (response.status, response.code, response.fields) == (422, "validation_error", ["from"])
    assert "20 000 rows" in response.json["details"][0]["message"]
    db.bookings.delete_one({"date": "2020-01-01"})
    assert len(read_rows(export(api, owner))) == 20_000


def pieces_of(db: Db, owner: Any) -> Iterator[bytes]:
    """Return the pieces of the owner's file of all days."""
    owner_id = ObjectId(owner["profile"]["id"])
    query = validate(ExportQuery, {"from": "2000-01-01", "to": "2100-12-31"})
    return service.export_bookings(db, find_accounts(db, [owner_id])[owner_id], query, day(0))[1]


def test_the_file_is_one_snapshot(db: Db, owner: Any, venue_id: str) -> None:
    insert_many(db, ObjectId(venue_id), 2 * service.BATCH_ROWS)
    expected = b"".join(pieces_of(db, owner))
    pieces = pieces_of(db, owner)
    first = next(pieces)
    # A booking that the first piece has moves behind it, and new ones are placed.
    db.bookings.update_one({"date": "2020-01-01"}, {"$set": {"date": "2030-01-01"}})
    insert_many(db, ObjectId(venue_id), 10, status="pending")
    db.bookings.delete_many({"date": {"$gt": "2022-06-01", "$lt": "2023-01-01"}})
    assert first + b"".join(pieces) == expected


def peak_memory(db: Db, owner: Any) -> int:
    """Return the peak of the memory that writing the file takes, in bytes."""
    tracemalloc.start()
    try:
        assert sum(len(piece) for piece in pieces_of(db, owner))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_memory_does_not_grow_with_the_file(db: Db, owner: Any, venue_id: str) -> None:
    insert_many(db, ObjectId(venue_id), 2 * service.BATCH_ROWS, notes="n" * 2_000, created_at=WRITTEN_AT)
    small = peak_memory(db, owner)
    insert_many(db, ObjectId(venue_id), 8 * service.BATCH_ROWS, notes="n" * 2_000, created_at=WRITTEN_AT)
    assert peak_memory(db, owner) < 1.3 * small
