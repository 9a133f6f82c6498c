"""The catalog's upkeep: what is stale is found and made anew, and nobody who writes at that moment is missed."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from bson import Decimal128, ObjectId
from pymongo.errors import AutoReconnect

from halls.search import index, reindex
from halls.search.index import make_entry
from halls.search.reindex import find_stale, list_indexed_ids, reindex_stale, reindex_venues
from halls.server.startup import make_server_app
from tests.api_client import Api, day
from tests.conftest import make_config
from tests.external_documents import put_venue, venue_document
from tests.search.queries import find_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db, Document, Session

MAX_WAIT_SECONDS = 20
OWNER_ID = ObjectId()


@pytest.fixture
def unfollowed(fresh_uri: str) -> Iterator[tuple[Api, Db]]:
    """An application that has not been asked for a search yet, so that nobody mends what a race has spoilt."""
    app = make_server_app(make_config(mongo_uri=fresh_uri))
    db: Db = app.extensions["halls"].db
    with closing(db.client):
        yield Api(app.test_client()), db


@pytest.fixture
def api(unfollowed: tuple[Api, Db]) -> Api:
    """Its API."""
    return unfollowed[0]


@pytest.fixture
def db(unfollowed: tuple[Api, Db]) -> Db:
    """Its database."""
    return unfollowed[1]


def spoil(db: Db) -> list[ObjectId]:
    """Leave four venues and entries: one true, one stale, one missing, one of no venue; return the latter three."""
    true, stale, missing = (put_venue(db, OWNER_ID) for _ in range(3))
    gone = venue_document(OWNER_ID)
    db.catalog.insert_many([make_entry(venue, ()) for venue in (true, stale, gone)])
    db.venues.update_one({"_id": stale["_id"]}, {"$set": {"capacity": 7}})
    return [stale["_id"], missing["_id"], gone["_id"]]


def editions(db: Db) -> dict[Any, Any]:
    """Return when each entry was last written."""
    return {entry["_id"]: entry.get("edition") for entry in db.catalog.find({}, {"edition": 1})}


def test_what_is_stale_missing_or_of_no_venue_is_found_and_nothing_else(db: Db) -> None:
    spoilt = spoil(db)
    assert set(find_stale(db)) == {*spoilt}
    assert list_indexed_ids(db) == sorted({*spoilt, *db.venues.distinct("_id")})


@pytest.mark.parametrize("change", [{"card": b"{}"}, {"free": []}, {"prices": {}}, {"type": "Lawn"}], ids=str)
def test_an_entry_with_any_field_changed_is_stale(db: Db, change: Document) -> None:
    venue = put_venue(db, OWNER_ID)
    reindex_stale(db)
    assert list(find_stale(db)) == []
    db.catalog.update_one({}, {"$set": change})
    assert list(find_stale(db)) == [venue["_id"]]


def test_mending_makes_anew_just_what_is_wrong(db: Db) -> None:
    spoil(db)
    (true,) = set(db.catalog.distinct("_id")) - set(find_stale(db))
    before = editions(db)
    assert reindex_stale(db) == 3
    assert list(find_stale(db)) == []
    after = editions(db)
    assert after[true] == before[true]
    assert reindex_stale(db) == 0
    assert editions(db) == after


def test_reindexing_makes_all_anew_batch_by_batch(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindex, "BATCH", 2)
    ids = [put_venue(db, OWNER_ID)["_id"] for _ in range(5)]
    assert list(reindex_venues(db, ids, only_stale=False)) == [(2, 2), (4, 4), (5, 5)]
    before = editions(db)
    assert list(reindex_venues(db, ids)) == [(2, 0), (4, 0), (5, 0)]
    assert editions(db) == before
    assert list(reindex_venues(db, ids, only_stale=False))[-1] == (5, 5)
    assert not set(before.values()) & set(editions(db).values())


def test_venues_with_ids_that_no_route_takes_are_left_out(db: Db) -> None:
    venue = put_venue(db, OWNER_ID)
    db.venues.insert_many([{**venue_document(OWNER_ID), "_id": odd} for odd in ("a text", {"a": [5]}, 5)])
    assert reindex_stale(db) == 1
    assert list(find_stale(db)) == []
    assert db.catalog.distinct("_id") == [venue["_id"]]


def test_a_booking_of_several_venues_keeps_none_of_them_out(db: Db) -> None:
    first, second = (put_venue(db, OWNER_ID)["_id"] for _ in range(2))
    db.bookings.insert_one({"venue_id": [first, {"a": second}], "date": day(5), "status": "pending"})
    assert reindex_stale(db) == 2
    assert list(find_stale(db)) == []


def test_an_empty_database_needs_no_mending(db: Db) -> None:
    assert reindex_stale(db) == 0
    assert list_indexed_ids(db) == []


ODD: list[Any] = [
    None,
    True,
    5,
    -1e300,
    float("nan"),
    "text",
    [],
    ["a"],
    [[5]],
    {},
    {"a": [1]},
    Decimal128("500"),
    b"x",
]
FIELDS = (
    "venue_name",
    "type",
    "address",
    "capacity",
    "space_sqft",
    "dates_available",
    "pricing",
    "amenities",
    "videos",
)


def test_whatever_another_tool_has_put_into_a_venue_the_others_are_found(api: Api, db: Db) -> None:
    odd = [venue_document(OWNER_ID) | {name: value} for name in FIELDS for value in ODD]
    overrides = [[value, {"date": value, "price": 5}, {"date": day(1), "price": value}] for value in ODD]
    odd += [venue_document(OWNER_ID, pricing={"overrides": rows}) for rows in overrides]
    odd += [venue_document(OWNER_ID, dates_available=[value, day(1)]) for value in ODD]
    db.venues.insert_many(odd)
    sound = {str(put_venue(db, OWNER_ID)["_id"]) for _ in range(3)}
    assert sound <= {venue["id"] for venue in find_all(api, date=day(5))}
    assert sound <= {venue["id"] for venue in find_all(api)}
    whole = api.get("/venues/search?limit=100&include=calendar")
    assert sound <= {venue["id"] for venue in whole.data["venues"]}
    assert list(find_stale(db)) == []


def test_an_entry_that_no_index_takes_keeps_no_other_out(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = (put_venue(db, OWNER_ID)["_id"] for _ in range(2))

    def make_badly(venue: Document, booked: Any) -> Document:
        return make_entry(venue, booked) | ({"maps_location": "nowhere"} if venue["_id"] == bad else {})

    monkeypatch.setattr(index, "make_entry", make_badly)
    with structlog.testing.capture_logs() as logged:
        assert reindex_stale(db) == 1
    assert db.catalog.distinct("_id") == [good]
    assert [line["venue_id"] for line in logged if line["log_level"] == "error"] == [str(bad)]


def test_a_database_that_is_away_is_no_bad_venue(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    put_venue(db, OWNER_ID)

    def fail(*_: Any, **__: Any) -> int:
        raise AutoReconnect("away")

    monkeypatch.setattr(reindex, "refresh_entries", fail)
    with pytest.raises(AutoReconnect):
        reindex_stale(db)


def race_for_an_entry(api: Api, db: Db, monkeypatch: pytest.MonkeyPatch, *, is_there: bool) -> bool:
    """Book while the venue's entry, missing or stale as yet, is made; tell whether the date is left free."""
    venue_id, guest = put_venue(db, OWNER_ID)["_id"], api.guest()
    if is_there:
        list(reindex_venues(db, [venue_id]))
        db.catalog.update_one({"_id": venue_id}, {"$pull": {"free": day(5)}})
    read, booked = threading.Event(), threading.Event()
    make_entries = index.make_entries

    def read_and_wait(*args: Any) -> Any:
        entries = make_entries(*args)
        if not read.is_set():
            read.set()
            booked.wait(1)
        return entries

    def book() -> None:
        assert read.wait(MAX_WAIT_SECONDS)
        assert api.book(guest, str(venue_id), day(5)).status == 201
        booked.set()

    booking = threading.Thread(target=book)
    with monkeypatch.context() as patch:
        patch.setattr("halls.search.index.make_entries", read_and_wait)
        booking.start()
        list(reindex_venues(db, [venue_id]))
        booking.join()
    entry = db.catalog.find_one({"_id": venue_id})
    assert entry is not None
    assert db.bookings.count_documents({"venue_id": venue_id, "date": day(5)}) == 1
    return day(5) in entry["free"]


@pytest.mark.parametrize("is_there", [False, True])
def test_a_booking_of_the_moment_in_which_an_entry_is_made_is_not_missed(
    api: Api, db: Db, monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    assert not race_for_an_entry(api, db, monkeypatch, is_there=is_there)
    assert list(find_stale(db)) == []


@pytest.mark.parametrize("is_there", [False, True])
def test_control_a_booking_that_does_not_write_the_entry_in_any_case_is_missed(
    api: Api, db: Db, monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    def mark_date_booked(db: Db, venue_id: ObjectId, date: str, session: Session) -> None:
        db.catalog.update_one({"_id": venue_id}, {"$pull": {"free": date}}, session=session)

    monkeypatch.setattr("halls.search.index.mark_date_booked", mark_date_booked)
    assert race_for_an_entry(api, db, monkeypatch, is_there=is_there)
    assert list(find_stale(db)) != []
