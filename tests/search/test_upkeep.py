"""The catalog's upkeep: what is missing is filled in, what is stale is found and mended, other tools are followed."""

from __future__ import annotations

import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from bson import ObjectId
from pymongo.errors import OperationFailure

from halls.app import COLLECTIONS
from halls.bookings.catalog import make_entry
from halls.mongo.client import connect
from halls.mongo.indexes import ensure_collections
from halls.search import upkeep
from halls.search.upkeep import fill_catalog, find_stale, follow_other_tools, mend_catalog, refresh_venues
from tests.foreign import put_booking, put_venue, venue_document
from tests.gate import Gate
from tests.people import Api, day
from tests.search.asking import find_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from halls.mongo.client import Db, Document, Session

PATIENCE_SECONDS = 20
OWNER_ID = ObjectId()


def await_true(find: Callable[[], bool]) -> None:
    """Ask until the answer is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not find():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_true(db: Db) -> bool:
    """Tell whether the catalog is what it should be."""
    return list(find_stale(db)) == []


class Followed:
    """Counts how often a follower listens, mends and looks through everything."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.listening = threading.Event()
        self.mended: list[ObjectId] = []
        self.looks = 0
        self._patch = patch
        self._wrap("refresh_entries", lambda _, ids, __: self.mended.extend(ids))
        self._wrap("mend_catalog", self._count_look)
        self._wrap("_mend_changed", lambda *_: self.listening.set())

    def _count_look(self, _: Any) -> None:
        self.looks += 1

    def _wrap(self, name: str, note: Callable[..., None]) -> None:
        real = getattr(upkeep, name)

        def noted(*args: Any) -> Any:
            note(*args)
            return real(*args)

        self._patch.setattr(upkeep, name, noted)


@contextmanager
def following(db: Db, followed: Followed, *, from_now: bool = True) -> Iterator[None]:
    """Follow other tools in a thread, from when it listens until the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=follow_other_tools, args=(db, stop), kwargs={"from_now": from_now})
    thread.start()
    try:
        assert followed.listening.wait(PATIENCE_SECONDS)
        yield
    finally:
        stop.set()
        thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive(), "it does not stop when told"


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch) -> Followed:
    """What a follower does, that waits a shorter time than in earnest."""
    monkeypatch.setattr(upkeep, "LISTEN_MS", 50)
    monkeypatch.setattr(upkeep, "AWAY_SECONDS", 0.05)
    return Followed(monkeypatch)


def spoil(db: Db) -> list[ObjectId]:
    """Leave four venues and entries: one true, one stale, one missing, one of no venue; return the latter three."""
    true, stale, missing = (put_venue(db, OWNER_ID) for _ in range(3))
    gone = venue_document(OWNER_ID)
    db.catalog.insert_many([make_entry(venue, ()) for venue in (true, stale, gone)])
    db.venues.update_one({"_id": stale["_id"]}, {"$set": {"capacity": 7}})
    return [stale["_id"], missing["_id"], gone["_id"]]


def test_what_is_stale_missing_or_of_no_venue_is_found_and_nothing_else(db: Db) -> None:
    spoilt = spoil(db)
    assert set(find_stale(db)) == {*spoilt}
    assert upkeep.list_catalogued(db) == sorted({*spoilt, *db.venues.distinct("_id")})


@pytest.mark.parametrize("change", [{"card": b"{}"}, {"free": []}, {"prices": {}}, {"type": "Lawn"}], ids=str)
def test_an_entry_with_any_field_changed_is_stale(db: Db, change: Document) -> None:
    venue = put_venue(db, OWNER_ID)
    fill_catalog(db)
    assert is_true(db)
    db.catalog.update_one({}, {"$set": change})
    assert list(find_stale(db)) == [venue["_id"]]


def test_mending_makes_anew_just_what_is_wrong(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt, followed = spoil(db), Followed(monkeypatch)
    assert mend_catalog(db) == 3
    assert set(followed.mended) == {*spoilt}
    assert is_true(db)
    assert mend_catalog(db) == 0
    assert len(followed.mended) == 3


def test_filling_makes_what_is_missing_and_removes_what_is_of_no_venue(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    (stale, *wrong), followed = spoil(db), Followed(monkeypatch)
    fill_catalog(db)
    assert set(followed.mended) == {*wrong}
    assert list(find_stale(db)) == [stale]


def test_filling_goes_part_by_part_and_batch_by_batch(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "PART", 5)
    monkeypatch.setattr(upkeep, "BATCH", 2)
    ids = [put_venue(db, OWNER_ID)["_id"] for _ in range(11)]
    # Another tool's ids may be of another kind.
    db.venues.insert_one({**venue_document(OWNER_ID), "_id": "a text"})
    fill_catalog(db)
    assert is_true(db)
    assert list(refresh_venues(db, ids)) == [2, 4, 6, 8, 10, 11]


def test_filling_an_empty_database_does_nothing(db: Db) -> None:
    fill_catalog(db)
    assert upkeep.list_catalogued(db) == []


def test_what_other_tools_write_is_found_within_a_moment(api: Api, db: Db, followed: Followed) -> None:
    def found(**asked: Any) -> list[str]:
        return [venue["id"] for venue in find_all(api, **asked)]

    with following(db, followed):
        venue = put_venue(db, OWNER_ID)
        shown = [str(venue["_id"])]
        await_true(lambda: found(date=day(5)) == shown)
        db.venues.update_one({"_id": venue["_id"]}, {"$set": {"capacity": 7}})
        await_true(lambda: found(capacity_max=7) == shown)
        db.venues.replace_one({"_id": venue["_id"]}, venue | {"type": "Lawn"})
        await_true(lambda: found(type="Lawn") == shown)
        booking = put_booking(db, venue["_id"], ObjectId())
        await_true(lambda: found(date=day(5)) == [])
        db.bookings.update_one({"_id": booking["_id"]}, {"$set": {"status": "cancelled"}})
        await_true(lambda: found(date=day(5)) == shown)
        assert followed.looks == 0
        assert is_true(db)
        db.bookings.update_one({"_id": booking["_id"]}, {"$set": {"status": "confirmed"}})
        await_true(lambda: found(date=day(5)) == [])
        db.bookings.delete_one({"_id": booking["_id"]})
        await_true(lambda: found(date=day(5)) == shown)
        assert followed.looks > 0
        db.venues.delete_one({"_id": venue["_id"]})
        await_true(lambda: found() == [])
        assert is_true(db)


def test_many_writes_of_another_tool_are_all_followed(
    db: Db, followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "BURST", 7)
    with following(db, followed):
        db.venues.insert_many([venue_document(OWNER_ID) for _ in range(60)])
        db.venues.update_many({}, {"$set": {"capacity": 7}})
        await_true(lambda: db.catalog.count_documents({"capacity": 7}) == 60)
    assert is_true(db)


def test_what_we_write_ourselves_is_no_work(api: Api, db: Db, followed: Followed) -> None:
    with following(db, followed):
        owner, guest = api.owner(), api.guest()
        venue_id = api.list_venue(owner)
        booking_ids = [api.book(guest, venue_id, day(ahead)).data["booking_id"] for ahead in (1, 2)]
        api.patch(f"/bookings/{booking_ids[0]}", {"status": "confirmed"}, as_=owner)
        api.delete(f"/bookings/{booking_ids[1]}", as_=guest)
        api.patch(f"/venues/{venue_id}", {"capacity": 300}, as_=owner)
        api.delete(f"/venues/{api.list_venue(owner)}", as_=owner)
        # Changes come in order: when the last is mended, all before it have been looked at.
        last = put_venue(db, OWNER_ID)["_id"]
        await_true(lambda: last in followed.mended)
    assert followed.mended == [last]
    assert followed.looks == 0
    assert is_true(db)


def test_a_follower_first_mends_what_was_written_before(db: Db, followed: Followed) -> None:
    spoilt = spoil(db)
    with following(db, followed, from_now=False):
        await_true(lambda: is_true(db))
    assert set(followed.mended) == {*spoilt}
    assert followed.looks == 1


def test_waiting_for_others_is_no_slow_command(fresh_uri: str, followed: Followed) -> None:
    db = connect(fresh_uri, slow_ms=0)
    with closing(db.client), structlog.testing.capture_logs() as logged, following(db, followed):
        seen = put_venue(db, OWNER_ID)["_id"]
        await_true(lambda: seen in followed.mended)
    assert "find" in {line.get("command") for line in logged}
    assert "getMore" not in {line.get("command") for line in logged}


def test_from_now_on_nothing_is_looked_through_first(db: Db, followed: Followed) -> None:
    spoilt = spoil(db)
    with following(db, followed):
        seen = put_venue(db, OWNER_ID)["_id"]
        await_true(lambda: seen in followed.mended)
    assert followed.mended == [seen]
    assert followed.looks == 0
    assert set(find_stale(db)) == {*spoilt}


@pytest.fixture
def other(fresh_uri: str) -> Iterator[Db]:
    """Another tool's connection to a database of this test's own."""
    db = connect(fresh_uri)
    ensure_collections(db, COLLECTIONS)
    yield db
    db.client.close()


def test_a_collection_that_another_takes_the_place_of_is_looked_through(other: Db, followed: Followed) -> None:
    with following(other, followed):
        other.draft.insert_many([venue_document(OWNER_ID) for _ in range(3)])
        other.draft.aggregate([{"$out": "venues"}])
        await_true(lambda: other.catalog.count_documents({}) == 3)
        other.venues.drop()
        await_true(lambda: other.catalog.count_documents({}) == 0)


def test_a_dropped_database_is_followed_again_when_it_comes_back(other: Db, followed: Followed) -> None:
    with following(other, followed):
        put_venue(other, OWNER_ID)
        await_true(lambda: other.catalog.count_documents({}) == 1)
        other.client.drop_database(other.name)
        put_venue(other, OWNER_ID)
        await_true(lambda: other.catalog.count_documents({}) == 1 and is_true(other))
        assert followed.looks > 0


def test_a_connection_that_breaks_costs_no_change(
    other: Db, fresh_uri: str, followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halls.mongo.client.SELECTION_MS", 150)
    gate = Gate(fresh_uri)
    gate.open()
    with (
        structlog.testing.capture_logs() as logged,
        closing(gate),
        closing(connect(gate.uri).client) as client,
        following(client.get_default_database(), followed),
    ):
        before = put_venue(other, OWNER_ID)["_id"]
        await_true(lambda: before in followed.mended)
        gate.close()
        meanwhile = put_venue(other, OWNER_ID)["_id"]
        await_true(lambda: any(line["event"] == "nobody follows other tools" for line in logged))
        gate.open()
        await_true(lambda: is_true(other))
    # It goes on where it was: nothing has to be looked through.
    assert followed.mended.count(meanwhile) == 1
    assert followed.looks == 0


@pytest.mark.parametrize("code", [260, 280, 286, 10334])
def test_where_the_history_is_lost_everything_is_looked_through(
    db: Db, followed: Followed, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    real, mend_changed = upkeep._listen, upkeep._mend_changed  # noqa: SLF001 - where the database's words come in
    tokens: list[Any] = []

    def lose_history(db: Db, token: Any) -> Any:
        tokens.append(token)
        if len(tokens) == 2:
            raise OperationFailure("what is stored stays out of the log", code)
        return real(db, token)

    def break_off(*args: Any) -> None:
        if len(tokens) == 1:
            # Written while nobody listens, and never to be heard of.
            spoil(db)
            raise OperationFailure("away", 91)
        mend_changed(*args)

    monkeypatch.setattr(upkeep, "_listen", lose_history)
    monkeypatch.setattr(upkeep, "_mend_changed", break_off)
    with structlog.testing.capture_logs() as logged, following(db, followed):
        await_true(lambda: is_true(db))
    assert (tokens[0], tokens[1] is None, tokens[2]) == (None, False, None)
    assert followed.looks == 1
    assert [line["error"] for line in logged if line["event"] == "nobody follows other tools"] == [
        "OperationFailure"
    ] * 2


def race_for_an_entry(api: Api, db: Db, monkeypatch: pytest.MonkeyPatch, *, is_there: bool) -> bool:
    """Book while the venue's entry, missing or without the date as yet, is made; tell whether the date is left free."""
    venue_id, guest = put_venue(db, OWNER_ID)["_id"], api.guest()
    if is_there:
        list(refresh_venues(db, [venue_id]))
        db.catalog.update_one({"_id": venue_id}, {"$pull": {"free": day(5)}})
    read, booked = threading.Event(), threading.Event()
    make_entries = upkeep.refresh_entries.__globals__["make_entries"]

    def read_and_wait(*args: Any) -> Any:
        entries = make_entries(*args)
        if not read.is_set():
            read.set()
            booked.wait(1)
        return entries

    def book() -> None:
        assert read.wait(PATIENCE_SECONDS)
        assert api.book(guest, str(venue_id), day(5)).status == 201
        booked.set()

    booking = threading.Thread(target=book)
    with monkeypatch.context() as patch:
        patch.setattr("halls.bookings.catalog.make_entries", read_and_wait)
        booking.start()
        list(refresh_venues(db, [venue_id]))
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
    assert is_true(db)


@pytest.mark.parametrize("is_there", [False, True])
def test_control_a_booking_that_does_not_write_the_entry_in_any_case_is_missed(
    api: Api, db: Db, monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    def hide_date(db: Db, venue_id: ObjectId, date: str, session: Session) -> None:
        db.catalog.update_one({"_id": venue_id}, {"$pull": {"free": date}}, session=session)

    monkeypatch.setattr("halls.bookings.catalog.hide_date", hide_date)
    assert race_for_an_entry(api, db, monkeypatch, is_there=is_there)
    assert not is_true(db)
