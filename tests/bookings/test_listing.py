"""GET /bookings: several statuses, the newest first, totals, walk-ins, and the plans of the queries."""

from __future__ import annotations

import base64
import json
import random
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from bson import DatetimeMS, ObjectId
from pymongo.collection import Collection

from halls.accounts.store import find_accounts
from halls.bookings import store
from halls.bookings.listing import find_page
from halls.bookings.schemas import BookingsQuery
from halls.http.pagination import make_cursor
from halls.http.schema import validate
from halls.mongo.client import connect
from halls.mongo.indexes import ensure_collections
from tests.factories import day, insert_booking, insert_venue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db
    from tests.api_client import ApiClient

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
# Values of external writers that are not moments, or that Python can't represent.
ODD_MOMENTS: list[Any] = [None, "2026-01-01", 5, [START], DatetimeMS(2**60), DatetimeMS(-(2**60))]


def all_pages(api: ApiClient, token: str, query: str) -> list[str]:
    """Return the ids on all pages of a query, in order."""
    seen: list[str] = []
    cursor = ""
    while True:
        page = api.get(f"/bookings?{query}{cursor}", token=token).data
        seen += [booking["id"] for booking in page["bookings"]]
        if page["next_cursor"] is None:
            return seen
        cursor = f"&cursor={page['next_cursor']}"


@pytest.fixture
def owner(api: ApiClient) -> Any:
    """The session of an owner."""
    return api.sign_up(owner=True)


@pytest.fixture
def owner_id(owner: Any) -> ObjectId:
    """The owner's id."""
    return ObjectId(owner["profile"]["id"])


@pytest.fixture
def venue_id(db: Db, owner_id: ObjectId) -> ObjectId:
    """The id of a venue of the owner."""
    found: ObjectId = insert_venue(db, owner_id)["_id"]
    return found


@pytest.mark.parametrize("key", ["\ud800", "2027-02-14\udfff"])
def test_a_cursor_with_a_lone_surrogate_is_a_validation_error(api: ApiClient, key: str) -> None:
    guest = api.sign_up()
    booking = api.book(guest["token"], api.list_venue(api.owner()), day(1)).data["booking"]
    api.book(guest["token"], api.list_venue(api.owner()), day(2))
    cursor = api.get("/bookings?limit=1", token=guest["token"]).data["next_cursor"]
    fingerprint, _, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    assert row_id == booking["id"]
    forged = base64.urlsafe_b64encode(json.dumps([fingerprint, key, row_id]).encode()).decode()
    answer = api.get(f"/bookings?cursor={forged}", token=guest["token"])
    assert (answer.status, answer.fields) == (422, ["cursor"])


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("pending,confirmed", {"pending", "confirmed"}),
        ("cancelled,pending,pending", {"cancelled", "pending"}),
        ("confirmed", {"confirmed"}),
        ("", {"pending", "confirmed", "cancelled"}),
    ],
)
def test_several_statuses_are_separated_by_commas(
    api: ApiClient, db: Db, owner: Any, venue_id: ObjectId, status: str, expected: set[str]
) -> None:
    for ahead, each in enumerate(("pending", "confirmed", "cancelled")):
        insert_booking(db, venue_id, ObjectId(), date=day(ahead), status=each)
    found = api.get(f"/bookings?status={status}", token=owner["token"]).data["bookings"]
    assert {booking["status"] for booking in found} == expected


@pytest.mark.parametrize("status", ["Pending", "pending,", ",", "pending, confirmed", "pending;confirmed", "$ne"])
def test_an_unknown_status_is_named(api: ApiClient, status: str) -> None:
    answer = api.get(f"/bookings?status={status}", token=api.guest())
    [fault] = answer.json["details"]
    assert (answer.status, fault["field"], fault["rule"]) == (422, "status", "not_one_of")
    assert fault["params"] == {"allowed": ["pending", "confirmed", "cancelled"]}
    assert fault["message"] == "must be one of: pending, confirmed, cancelled, or several with commas"


@pytest.mark.parametrize(
    ("query", "field"), [("sort=-date", "sort"), ("sort=created_at", "sort"), ("include=calendar", "include")]
)
def test_an_unknown_order_or_addition_is_named(api: ApiClient, query: str, field: str) -> None:
    answer = api.get(f"/bookings?{query}", token=api.guest())
    assert (answer.status, answer.fields) == (422, [field])


@pytest.mark.parametrize("limit", [1, 4, 200])
@pytest.mark.parametrize("role", ["owner", "guest"])
def test_the_newest_first_lists_each_booking_once(
    api: ApiClient, db: Db, owner: Any, owner_id: ObjectId, venue_id: ObjectId, limit: int, role: str
) -> None:
    guest = api.sign_up()
    documents = make_bookings(owner_id, venue_id, ObjectId(guest["profile"]["id"]))
    db.bookings.insert_many(random.sample(documents, len(documents)))
    session = owner if role == "owner" else guest
    expected = sorted(documents, key=newest_key, reverse=True)
    query = f"sort=-created_at&limit={limit}"
    assert all_pages(api, session["token"], query) == [str(document["_id"]) for document in expected]


def make_bookings(owner_id: ObjectId, venue_id: ObjectId, guest_id: ObjectId) -> list[dict[str, Any]]:
    """Return bookings with equal, odd and missing moments of creation, some of them at a deleted venue."""
    gone = {"venue_id": ObjectId(), "venue": {"venue_name": "Gone", "owner_id": owner_id}}
    moments = [START - timedelta(number // 3) for number in range(24)] + ODD_MOMENTS
    documents: list[dict[str, Any]] = [
        {"_id": ObjectId(), "user_id": guest_id, "status": "pending", "venue_id": venue_id, "date": day(number)}
        | {"created_at": moment}
        | (gone if number % 4 == 0 else {})
        for number, moment in enumerate(moments)
    ]
    del documents[5]["created_at"]
    return documents


def newest_key(document: dict[str, Any]) -> tuple[Any, ...]:
    """Return the key of the order: moments first, then by moment and id."""
    moment = document.get("created_at")
    if isinstance(moment, datetime):
        moment = DatetimeMS(moment)
    millis = int(moment) if isinstance(moment, DatetimeMS) else None
    return (millis is not None, millis or 0, document["_id"])


def test_the_date_filter_works_in_both_orders(api: ApiClient, db: Db, owner: Any, venue_id: ObjectId) -> None:
    rows = [
        insert_booking(db, venue_id, ObjectId(), date=day(ahead), created_at=START - timedelta(ahead))
        for ahead in range(6)
    ]
    for sort, expected in (("date", rows[1:4]), ("-created_at", rows[1:4])):
        query = f"date_from={day(1)}&date_to={day(3)}&sort={sort}&limit=2"
        assert all_pages(api, owner["token"], query) == [str(row["_id"]) for row in expected]


def test_a_cursor_is_valid_only_for_its_order(api: ApiClient, db: Db, owner: Any, venue_id: ObjectId) -> None:
    for ahead in range(3):
        insert_booking(db, venue_id, ObjectId(), date=day(ahead))
    token = owner["token"]
    for sort, other in (("date", "-created_at"), ("-created_at", "date")):
        cursor = api.get(f"/bookings?limit=1&sort={sort}", token=token).data["next_cursor"]
        assert api.get(f"/bookings?limit=1&sort={sort}&include=total&cursor={cursor}", token=token).status == 200
        assert api.get(f"/bookings?limit=1&sort={other}&cursor={cursor}", token=token).fields == ["cursor"]
    cursor = api.get("/bookings?limit=1&status=pending,confirmed", token=token).data["next_cursor"]
    assert api.get(f"/bookings?status=confirmed,pending&cursor={cursor}", token=token).status == 200
    assert api.get(f"/bookings?status=confirmed&cursor={cursor}", token=token).fields == ["cursor"]


@pytest.mark.parametrize("key", ["2026-01-01", 1.5, True, 2**63, {"$gt": 1}], ids=repr)
def test_a_cursor_with_another_key_is_rejected(db: Db, owner_id: ObjectId, key: Any) -> None:
    query = validate(BookingsQuery, {"sort": "-created_at"})
    search = {"caller": str(owner_id), **query.model_dump(exclude={"limit", "cursor", "include"})}
    caller = find_accounts(db, [owner_id])[owner_id]
    assert find_page(db, caller, with_cursor(query, make_cursor(search, 5, row_id=ObjectId()))) == ([], None)
    cursor = make_cursor(search, key, row_id=ObjectId())
    with pytest.raises(Exception, match="not valid"):
        find_page(db, caller, with_cursor(query, cursor))


def with_cursor(query: BookingsQuery, cursor: str) -> BookingsQuery:
    """Return the query with a cursor."""
    return query.model_copy(update={"cursor": cursor})


def test_the_total_counts_all_pages(api: ApiClient, db: Db, owner: Any, owner_id: ObjectId, venue_id: ObjectId) -> None:
    for ahead in range(5):
        insert_booking(db, venue_id, ObjectId(), date=day(ahead), status="cancelled" if ahead else "pending")
    insert_booking(db, ObjectId(), ObjectId(), venue={"owner_id": owner_id}, status="cancelled")
    insert_booking(db, ObjectId(), ObjectId())
    page = api.get("/bookings?limit=2&include=total", token=owner["token"]).data
    assert (page["total"], len(page["bookings"])) == (6, 2)
    second = f"/bookings?limit=2&include=total&cursor={page['next_cursor']}"
    assert api.get(second, token=owner["token"]).data["total"] == 6
    assert api.get("/bookings?include=total&status=pending", token=owner["token"]).data["total"] == 1
    assert api.get("/bookings?include=total", token=api.guest()).data == {
        "bookings": [],
        "next_cursor": None,
        "total": 0,
    }
    assert "total" not in api.get("/bookings", token=owner["token"]).data


def test_walk_ins_are_not_among_the_owners_own_bookings(
    api: ApiClient, db: Db, owner: Any, owner_id: ObjectId, venue_id: ObjectId
) -> None:
    walk_in = insert_booking(db, venue_id, owner_id, date=day(1), status="confirmed", is_walk_in=True)
    own = insert_booking(db, venue_id, owner_id, date=day(2), is_walk_in=False)
    odd = insert_booking(db, venue_id, owner_id, date=day(3), is_walk_in="yes")
    made = all_pages(api, owner["token"], "as=guest&include=total")
    assert made == [str(own["_id"]), str(odd["_id"])]
    assert api.get("/bookings?as=guest&include=total", token=owner["token"]).data["total"] == 2
    assert str(walk_in["_id"]) in all_pages(api, owner["token"], "")


def explained(plans: list[Any]) -> Any:
    """Return a `Collection.find` that adds the plans of queries on bookings to `plans`."""
    original = Collection.find

    def find(self: Collection[Any], *args: Any, **options: Any) -> Any:
        cursor = original(self, *args, **options)
        if self.name == "bookings":
            set_limit = cursor.limit

            def limit_and_explain(limit: int) -> Any:
                limited = set_limit(limit)
                plans.append(limited.clone().explain())
                return limited

            cursor.limit = limit_and_explain  # type: ignore[method-assign] # only of this cursor
        return cursor

    return find


@pytest.fixture
def indexed(fresh_uri: str) -> Iterator[Db]:
    """A new database with the indexes. One array makes an index multikey for ever, and other tests insert some."""
    fresh = connect(fresh_uri)
    ensure_collections(fresh, [store.COLLECTION])
    yield fresh
    fresh.client.close()


@pytest.mark.parametrize("sort", ["date", "-created_at"])
@pytest.mark.parametrize("has_cursor", [False, True], ids=["first page", "later page"])
@pytest.mark.parametrize("filters", [{}, {"status": "pending,confirmed", "date_from": "2020-01-01"}], ids=str)
def test_a_page_of_an_owner_is_read_from_indexes_in_order(
    indexed: Db, monkeypatch: pytest.MonkeyPatch, sort: str, filters: dict[str, str], *, has_cursor: bool
) -> None:
    owner_id = ObjectId()
    venue_ids = [insert_venue(indexed, owner_id)["_id"] for _ in range(20)]
    indexed.users.insert_one({"_id": owner_id, "email": "a@example.com", "is_venue_owner": True})
    indexed.bookings.insert_many(
        {
            "venue_id": venue_ids[number % 20],
            "date": f"20{20 + number // 400}-01-{number // 20 % 20 + 10}",
            "status": "confirmed",
            "created_at": START + timedelta(minutes=number),
        }
        for number in range(2_000)
    )
    caller = find_accounts(indexed, [owner_id])[owner_id]
    query = validate(BookingsQuery, {"sort": sort, "limit": "20", **filters})
    if has_cursor:
        query = with_cursor(query, find_page(indexed, caller, query)[1] or "")
    plans: list[Any] = []
    with monkeypatch.context() as patch:
        patch.setattr(Collection, "find", explained(plans))
        page, _ = find_page(indexed, caller, query)
    assert len(page) == 20
    [plan] = plans
    assert plan["executionStats"]["totalDocsExamined"] < 100
    assert "'SORT'" not in repr(plan["queryPlanner"]["winningPlan"])
