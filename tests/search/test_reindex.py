"""Reindexing: stale entries are found and made again, and concurrent writes are not missed."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from bson import Decimal128, ObjectId
from pymongo.errors import AutoReconnect

from halls.clock import day_number
from halls.search import index, reindex
from halls.search.index import make_entry
from halls.search.reindex import find_stale, list_indexed_ids, reindex_stale, reindex_venues
from halls.server.startup import make_server_app
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.factories import day, day_number_of, insert_venue, venue_document
from tests.search.queries import find_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db, Document, Session

MAX_WAIT_SECONDS = 20
OWNER_ID = ObjectId()


@pytest.fixture
def idle_app(fresh_uri: str) -> Iterator[tuple[ApiClient, Db]]:
    """An application that has served no search: its change stream reader does not run and repairs no entry."""
    app = make_server_app(make_config(mongo_uri=fresh_uri))
    db: Db = app.extensions["halls"].db
    with closing(db.client):
        yield ApiClient(app.test_client()), db


@pytest.fixture
def api(idle_app: tuple[ApiClient, Db]) -> ApiClient:
    """The API of that application."""
    return idle_app[0]


@pytest.fixture
def db(idle_app: tuple[ApiClient, Db]) -> Db:
    """The database of that application."""
    return idle_app[1]


def insert_bad_entries(db: Db) -> list[ObjectId]:
    """Leave one current, one stale, one missing and one orphaned entry; return the ids of the last three."""
    current, stale, missing = (insert_venue(db, OWNER_ID) for _ in range(3))
    orphaned = venue_document(OWNER_ID)
    indexed: list[Any] = [current, stale, orphaned]
    db.search_entries.insert_many([dict(make_entry(venue, ())) for venue in indexed])
    db.venues.update_one({"_id": stale["_id"]}, {"$set": {"capacity": 7}})
    return [stale["_id"], missing["_id"], orphaned["_id"]]


def editions(db: Db) -> dict[Any, Any]:
    """Return the edition of each entry: it changes with every write."""
    return {entry["_id"]: entry.get("edition") for entry in db.search_entries.find({}, {"edition": 1})}


def test_only_stale_missing_and_orphaned_entries_are_found(db: Db) -> None:
    bad_ids = insert_bad_entries(db)
    assert set(find_stale(db)) == {*bad_ids}
    assert list_indexed_ids(db) == sorted({*bad_ids, *db.venues.distinct("_id")})


@pytest.mark.parametrize(
    "change",
    [{"card": b"{}"}, {"free": []}, {"prices": {}}, {"words": []}, {"prices_until": []}, {"type": "Lawn"}],
    ids=str,
)
def test_an_entry_with_any_field_changed_is_stale(db: Db, change: Document) -> None:
    venue = insert_venue(db, OWNER_ID)
    reindex_stale(db)
    assert list(find_stale(db)) == []
    db.search_entries.update_one({}, {"$set": change})
    assert list(find_stale(db)) == [venue["_id"]]


def test_reindex_stale_rewrites_only_the_wrong_entries(db: Db) -> None:
    insert_bad_entries(db)
    (current,) = set(db.search_entries.distinct("_id")) - set(find_stale(db))
    before = editions(db)
    assert reindex_stale(db) == 3
    assert list(find_stale(db)) == []
    after = editions(db)
    assert after[current] == before[current]
    assert reindex_stale(db) == 0
    assert editions(db) == after


def test_a_full_reindex_rewrites_every_entry_in_batches(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindex, "BATCH", 2)
    ids = [insert_venue(db, OWNER_ID)["_id"] for _ in range(5)]
    assert list(reindex_venues(db, ids, only_stale=False)) == [(2, 2), (4, 4), (5, 5)]
    before = editions(db)
    assert list(reindex_venues(db, ids)) == [(2, 0), (4, 0), (5, 0)]
    assert editions(db) == before
    assert list(reindex_venues(db, ids, only_stale=False))[-1] == (5, 5)
    assert not set(before.values()) & set(editions(db).values())


def test_venues_with_ids_that_are_not_object_ids_are_left_out(db: Db) -> None:
    venue = insert_venue(db, OWNER_ID)
    db.venues.insert_many([{**venue_document(OWNER_ID), "_id": invalid} for invalid in ("a text", {"a": [5]}, 5)])
    assert reindex_stale(db) == 1
    assert list(find_stale(db)) == []
    assert db.search_entries.distinct("_id") == [venue["_id"]]


def test_a_booking_with_several_venue_ids_does_not_block_reindexing(db: Db) -> None:
    first, second = (insert_venue(db, OWNER_ID)["_id"] for _ in range(2))
    db.bookings.insert_one({"venue_id": [first, {"a": second}], "date": day(5), "status": "pending"})
    assert reindex_stale(db) == 2
    assert list(find_stale(db)) == []


def test_an_empty_database_needs_no_reindex(db: Db) -> None:
    assert reindex_stale(db) == 0
    assert list_indexed_ids(db) == []


INVALID_VALUES: list[Any] = [
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


def test_invalid_fields_of_external_writers_do_not_hide_other_venues(api: ApiClient, db: Db) -> None:
    invalid = [venue_document(OWNER_ID) | {name: value} for name in FIELDS for value in INVALID_VALUES]
    overrides = [[value, {"date": value, "price": 5}, {"date": day(1), "price": value}] for value in INVALID_VALUES]
    invalid += [venue_document(OWNER_ID, pricing={"overrides": rows}) for rows in overrides]
    invalid += [venue_document(OWNER_ID, dates_available=[value, day(1)]) for value in INVALID_VALUES]
    db.venues.insert_many(invalid)
    valid_ids = {str(insert_venue(db, OWNER_ID)["_id"]) for _ in range(3)}
    reindex_stale(db)
    assert valid_ids <= {venue["id"] for venue in find_all(api, date=day(5))}
    assert valid_ids <= {venue["id"] for venue in find_all(api)}
    response = api.get("/venues/search?limit=20&include=calendar")
    assert valid_ids <= {venue["id"] for venue in response.data["venues"]}
    assert list(find_stale(db)) == []


def test_an_entry_that_cannot_be_indexed_does_not_block_others(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    bad_id, good_id = (insert_venue(db, OWNER_ID)["_id"] for _ in range(2))

    def make_bad_entry(venue: Any, booked: Any) -> Document:
        return dict(make_entry(venue, booked)) | ({"maps_location": "nowhere"} if venue["_id"] == bad_id else {})

    monkeypatch.setattr(index, "make_entry", make_bad_entry)
    with structlog.testing.capture_logs() as logs:
        assert reindex_stale(db) == 1
    assert db.search_entries.distinct("_id") == [good_id]
    assert [line["venue_id"] for line in logs if line["log_level"] == "error"] == [str(bad_id)]


def test_a_lost_connection_is_raised_and_not_treated_as_bad_data(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    insert_venue(db, OWNER_ID)

    def fail(*_: Any, **__: Any) -> int:
        raise AutoReconnect("away")

    monkeypatch.setattr(reindex, "refresh_entries", fail)
    with pytest.raises(AutoReconnect):
        reindex_stale(db)


def book_during_reindex(api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch, *, has_entry: bool) -> bool:
    """Book while the venue's missing or stale entry is rebuilt; return whether the date is left free."""
    venue_id, guest = insert_venue(db, OWNER_ID)["_id"], api.guest()
    if has_entry:
        list(reindex_venues(db, [venue_id]))
        db.search_entries.update_one({"_id": venue_id}, {"$pull": {"free": day_number_of(5)}})
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

    booking_thread = threading.Thread(target=book)
    with monkeypatch.context() as patch:
        patch.setattr("halls.search.index.make_entries", read_and_wait)
        booking_thread.start()
        list(reindex_venues(db, [venue_id]))
        booking_thread.join()
    entry = db.search_entries.find_one({"_id": venue_id})
    assert entry is not None
    assert db.bookings.count_documents({"venue_id": venue_id, "date": day(5)}) == 1
    return day_number_of(5) in entry["free"]


@pytest.mark.parametrize("has_entry", [False, True])
def test_a_booking_during_the_rebuild_of_an_entry_is_not_missed(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch, *, has_entry: bool
) -> None:
    assert not book_during_reindex(api, db, monkeypatch, has_entry=has_entry)
    assert list(find_stale(db)) == []


@pytest.mark.parametrize("has_entry", [False, True])
def test_control_a_booking_without_an_unconditional_entry_write_is_missed(
    api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch, *, has_entry: bool
) -> None:
    def mark_date_booked(db: Db, venue_id: ObjectId, date: str, session: Session) -> None:
        db.search_entries.update_one({"_id": venue_id}, {"$pull": {"free": day_number(date)}}, session=session)

    monkeypatch.setattr("halls.search.index.mark_date_booked", mark_date_booked)
    assert book_during_reindex(api, db, monkeypatch, has_entry=has_entry)
    assert list(find_stale(db)) != []
