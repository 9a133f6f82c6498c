"""The figures equal plain sums, for any values that external writers store."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import datetime, timezone
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from bson import Decimal128, Int64, ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.errors import BulkWriteError

from halls.accounts.store import find_accounts
from halls.http.json_encoding import write_json
from halls.http.schema import validate
from halls.statistics.schemas import ExportQuery, StatisticsQuery
from halls.statistics.service import export_bookings, make_statistics
from tests.documents.values import ABSENT, VALUES, encode
from tests.factories import insert_owner, venue_document
from tests.statistics.naive import sum_plainly

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document

FIRST, LAST = "2026-01-30", "2026-03-02"
OWNER, OTHER, FIRST_VENUE, SECOND_VENUE, GONE, ELSEWHERE = (ObjectId() for _ in range(6))
# Days of the period, days around it, days that do not exist and values that are no days.
DATES = [FIRST, "2026-01-31", "2026-02-14", "2026-02-28", LAST, "2026-01-29", "2026-03-03", "2026-02-30"]
ODD_DATES = ["2026-02-14x", "2026-02-1", ["2026-02-14"], 5, None]
PRICES = [150_000, 0, 99.99, 0.1, 0.2, 150_000.0, Int64(2), *map(Decimal128, ("185000.50", "0.1", "1E-3", "1E+20"))]
MOMENTS = [
    datetime(2026, 1, 1, tzinfo=timezone.utc),
    # 2026-01-02 in Karachi.
    datetime(2026, 1, 1, 19, tzinfo=timezone.utc),
    datetime(2026, 5, 1, tzinfo=timezone.utc),
]
SIDES = ["guest", "owner", "expiry", "account_deletion", "operator", "somebody", None, ["owner"]]
odd = st.sampled_from(VALUES)


def usually(*values: Any) -> st.SearchStrategy[Any]:
    """Return one of the values, sometimes one of any BSON type."""
    return st.sampled_from(values) | odd


bookings = st.fixed_dictionaries(
    {
        "venue_id": st.sampled_from([FIRST_VENUE, SECOND_VENUE, GONE, ELSEWHERE]) | st.sampled_from([None, [GONE]]),
        "venue": st.sampled_from([ABSENT, ABSENT, {"owner_id": OWNER}, {"owner_id": OTHER}, {"owner_id": [OWNER]}]),
        "user_id": usually(OTHER, OWNER),
        "date": st.sampled_from(DATES) | st.sampled_from(DATES) | st.sampled_from(ODD_DATES),
        "status": st.sampled_from(["confirmed", "confirmed", "pending", "cancelled", "Confirmed", ["confirmed"]]),
        "price_locked": usually(*PRICES),
        "guests": usually(100, 250, 300.0, 80.5, Int64(2**52)),
        "is_walk_in": usually(True, False),  # noqa: FBT003 - values of a document
        "created_at": usually(*MOMENTS),
        "cancellation": usually(*({"by": side} for side in SIDES)),
    }
)
calendars = st.lists(st.sampled_from([*DATES, "2026-02-20", None, 5]), max_size=8) | odd


def store(db: Db, documents: list[dict[str, Any]], days: list[Any]) -> None:
    """Replace the bookings, and the offered days of the two venues.

    MongoDB rejects bookings of a taken date, and those with two lists in one index. They are left out.
    """
    db.bookings.delete_many({})
    db.venues.delete_many({})
    for venue_id, offered in zip((FIRST_VENUE, SECOND_VENUE), days, strict=True):
        venue = venue_document(OWNER, _id=venue_id, dates_available=offered)
        db.venues.insert_one(encode(drop_absent(venue)))
    db.venues.insert_one(venue_document(OTHER, _id=ELSEWHERE))
    if documents:
        encoded = [encode({"_id": ObjectId(), **drop_absent(each)}) for each in documents]
        try:
            db.bookings.insert_many(encoded, ordered=False, bypass_document_validation=True)
        except BulkWriteError as error:
            assert {fault["code"] for fault in error.details["writeErrors"]} <= {11000, 171}  # noqa: PT017 - allowed


def drop_absent(document: Document) -> Document:
    """Return the document without the fields that are ABSENT."""
    return {name: value for name, value in document.items() if value is not ABSENT}


def show(db: Db, **query: str) -> dict[str, Any]:
    """Return the statistics of OWNER."""
    owner = find_accounts(db, [OWNER])[OWNER]
    parsed = validate(StatisticsQuery, {"from": FIRST, "to": LAST, **query})
    return make_statistics(db, owner, parsed, "2026-06-01")


def drop_empty(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the rows that count something."""
    counted = ("offered", "booked", "pending")
    return {key: row for key, row in rows.items() if any(row[n] for n in counted) or any(row["cancelled"].values())}


@pytest.mark.parametrize("by", ["month", "weekday", "venue"])
def test_the_figures_equal_a_plain_sum(db: Db, by: str) -> None:
    insert_owner(db, _id=OWNER)

    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    @given(documents=st.lists(bookings, max_size=25), days=st.lists(calendars, min_size=2, max_size=2))
    def compare(documents: list[dict[str, Any]], days: list[Any]) -> None:
        store(db, documents, days)
        shown, expected = show(db, by=by), sum_plainly(db, OWNER, by, FIRST, LAST)
        rows = {row["key"]: {name: value for name, value in row.items() if name != "key"} for row in shown["rows"]}
        assert write_json(shown)
        assert shown["total"] == expected.pop("total")
        assert drop_empty(rows) == drop_empty(expected)
        check_sums(shown)
        check_export(read_export(db), shown["total"])

    compare()


def check_sums(shown: dict[str, Any]) -> None:
    """Fail if the rows do not add up to the total, or a share is not between 0 and 1."""
    rows, total = shown["rows"], shown["total"]
    for name in ("offered", "booked", "walk_ins", "pending", "unpriced", "guests"):
        assert sum(row[name] for row in rows) == total[name]
    assert sum(row["revenue_locked"] for row in rows) == pytest.approx(total["revenue_locked"], rel=1e-12)
    for side, number in total["cancelled"].items():
        assert sum(row["cancelled"][side] for row in rows) == number
    assert all(row["occupancy"] is None or 0 <= row["occupancy"] <= 1 for row in [*rows, total])


def read_export(db: Db) -> list[dict[str, str]]:
    """Return the rows of the export of OWNER, by column."""
    owner = find_accounts(db, [OWNER])[OWNER]
    query = validate(ExportQuery, {"from": FIRST, "to": LAST})
    content = b"".join(export_bookings(db, owner, query, "2026-06-01")[1])
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def check_export(rows: list[dict[str, str]], total: dict[str, Any]) -> None:
    """Fail if the rows of the export do not add up to the total."""
    assert Counter(row["status"] for row in rows if row["status"]) == Counter(
        {"confirmed": total["booked"], "pending": total["pending"], "cancelled": sum(total["cancelled"].values())}
    )
    confirmed = [row for row in rows if row["status"] == "confirmed"]
    prices = [Fraction(row["price_locked"]) for row in confirmed if row["price_locked"]]
    assert float(sum(prices)) == total["revenue_locked"]
    assert len(confirmed) - len(prices) == total["unpriced"]
    assert sum(int(row["guests"] or 0) for row in confirmed) == total["guests"]
    assert [row["is_walk_in"] for row in confirmed].count("true") == total["walk_ins"]


def test_control_the_examples_contain_each_figure(db: Db) -> None:
    insert_owner(db, _id=OWNER)
    one = {"venue_id": FIRST_VENUE, "date": "2026-02-14", "price_locked": Decimal128("10.50"), "guests": 2.5}
    cancelled: list[dict[str, Any]] = [{**one, "status": "cancelled", "cancellation": {"by": side}} for side in SIDES]
    pending = {**one, "date": LAST, "status": "pending"}
    walk_in = {**one, "status": "confirmed", "is_walk_in": True, "created_at": MOMENTS[1]}
    gone = {**walk_in, "venue_id": GONE, "venue": {"owner_id": OWNER}, "price_locked": None, "created_at": MOMENTS[0]}
    store(db, [*cancelled, pending, walk_in, gone], [["2026-02-14", "2026-02-15"], []])
    assert show(db)["total"] == {
        "offered": 3,
        "booked": 2,
        "walk_ins": 2,
        "pending": 1,
        "occupancy": 2 / 3,
        "revenue_locked": 10.5,
        "unpriced": 1,
        "guests": 4,
        "lead_days_median": 43.5,
        "cancelled": {"guest": 2, "owner": 1, "expiry": 1, "unknown": 4},
    }


def test_the_last_hours_of_the_year_9999_are_no_order_day(db: Db) -> None:
    insert_owner(db, _id=OWNER)
    last = datetime(9999, 12, 31, 23, tzinfo=timezone.utc)
    one = {"venue_id": FIRST_VENUE, "date": LAST, "status": "confirmed", "created_at": last}
    store(db, [one], [[], []])
    assert show(db)["total"]["lead_days_median"] is None


def test_a_sum_of_guests_beyond_the_integers_of_json_is_shown(db: Db) -> None:
    insert_owner(db, _id=OWNER)
    one = {"venue_id": FIRST_VENUE, "status": "confirmed", "guests": Int64(2**53 - 1)}
    store(db, [{**one, "date": "2026-02-14"}, {**one, "date": "2026-02-15"}], [[], []])
    total = show(db)["total"]
    assert total["guests"] == float(2 * (2**53 - 1))
    assert write_json(total)
