"""How many commands the hot paths send to the database: more would cost every guest a round trip each."""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from pymongo import MongoClient, monitoring

from halls.server.startup import make_server_app
from tests.api_client import Api, day
from tests.conftest import make_config
from tests.external_documents import bare_venue_document, index_all, put_booking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db


class Commands(monitoring.CommandListener):
    """Writes down the commands that reach the database."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.sent: dict[str, Any] = {}
        self.answered: dict[str, Any] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Write its name down, and the last one of each name whole."""
        if threading.current_thread().name == "change-stream":
            # It asks on behalf of nobody.
            return
        self.names.append(event.command_name)
        self.sent[event.command_name] = event.command

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Write the last answer of each name down."""
        if threading.current_thread().name == "change-stream":
            return
        self.answered[event.command_name] = event.reply

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Let it pass."""

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """Yield the names of the commands of the block."""
        self.names = []
        yield self.names


@pytest.fixture
def commands() -> Commands:
    """Make a listener."""
    return Commands()


@pytest.fixture
def heard(commands: Commands, db: Db, worker_uri: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """Make an application of whose commands the listener hears, on the empty database."""
    assert db.users.count_documents({}) == 0

    def open_client(*arguments: Any, event_listeners: list[Any], **options: Any) -> MongoClient[Any]:
        return MongoClient(*arguments, event_listeners=[*event_listeners, commands], **options)

    monkeypatch.setattr("halls.mongo.client.MongoClient", open_client)
    app = make_server_app(make_config(mongo_uri=worker_uri))
    with closing(app.extensions["halls"].db.client):
        # What a worker asks once for each election is no request's.
        app.extensions["halls"].failover.confirm_election()
        yield Api(app.test_client())


def test_a_search_sends_one_command_and_for_calendars_two(heard: Api, commands: Commands) -> None:
    owner = heard.owner()
    for _ in range(5):
        heard.list_venue(owner)
    near = "near_lat=24.86&near_lng=67&near_km=5"
    for query, sent in (
        ("limit=2", ["find"]),
        (near, ["find"]),
        (f"date={day(1)}", ["find"]),
        (f"date={day(1)}&{near}&sort=price&price_min=1&limit=2", ["aggregate"]),
        ("include=calendar", ["find", "find"]),
        (f"date={day(99)}", ["find"]),
        (f"date={day(-1)}", []),
    ):
        with commands.counted() as names:
            assert heard.get(f"/venues/search?{query}").status == 200
        assert names == sent, query


def test_a_search_fetches_no_calendar_that_nobody_asked_for(heard: Api, commands: Commands) -> None:
    heard.list_venue(heard.owner())
    calendar = {"dates_available", "pricing", "additional_description"}
    for query, command, fetched in (
        ("", "find", set()),
        (f"date={day(1)}&sort=price", "aggregate", set()),
        ("include=calendar", "find", calendar),
    ):
        heard.get(f"/venues/search?{query}")
        (row,) = commands.answered[command]["cursor"]["firstBatch"]
        assert row.keys() & calendar == fetched


def test_booked_venues_cost_no_further_command(heard: Api, db: Db, commands: Commands) -> None:
    rows = [bare_venue_document(ObjectId(), dates_available=[day(1)]) for _ in range(40)]
    db.venues.insert_many(rows)
    for row in rows[20:]:
        put_booking(db, row["_id"], ObjectId(), date=day(1))
    index_all(db)
    with commands.counted() as names:
        assert len(heard.get(f"/venues/search?date={day(1)}").data["venues"]) == 20
    assert names == ["find"]


def test_hundreds_of_prices_that_do_not_count_cost_no_hundreds_of_commands(
    heard: Api, db: Db, commands: Commands
) -> None:
    # Of two overrides for a date the first counts, and an index knows both.
    dear_after_all = {"overrides": [{"date": day(1), "price": 9}, {"date": day(1), "price": 1}]}
    cheap = {"overrides": [{"date": day(1), "price": 1}]}
    offered = {"dates_available": [day(1)]}
    rows = [bare_venue_document(ObjectId(), **offered, pricing=dear_after_all) for _ in range(400)]
    db.venues.insert_many([rows[0] | {"pricing": cheap}, *rows[1:]])
    index_all(db)
    with commands.counted() as names:
        (found,) = heard.get(f"/venues/search?date={day(1)}&price_max=2&limit=1").data["venues"]
    assert found["id"] == str(rows[0]["_id"])
    assert len(names) <= 10


def test_availability_sends_two_commands_however_long_the_range(heard: Api, commands: Commands) -> None:
    venue_id = heard.list_venue(heard.owner())
    for query in (f"date={day(1)}", f"from={day(1)}&to={day(366)}"):
        with commands.counted() as names:
            assert heard.get(f"/venues/{venue_id}/availability?{query}").status == 200
        assert names == ["find", "find"]


def test_a_venue_sends_one_command(heard: Api, commands: Commands) -> None:
    venue_id = heard.list_venue(heard.owner())
    with commands.counted() as names:
        heard.get(f"/venues/{venue_id}")
    assert names == ["find"]


def test_placing_a_booking_sends_three_reads_and_one_transaction(heard: Api, commands: Commands) -> None:
    guest, venue_id = heard.guest(), heard.list_venue(heard.owner())
    looks = ["find", "find", "find"]  # the caller, the venue, an active booking
    with commands.counted() as names:
        assert heard.book(guest, venue_id, day(1)).status == 201
    # The venue is claimed, the account is held against its closing, the booking is kept, the date is free no more.
    assert names == [*looks, "findAndModify", "update", "insert", "update", "commitTransaction"]
    assert commands.sent["findAndModify"]["readConcern"]["level"] == "snapshot"
    assert commands.sent["commitTransaction"]["writeConcern"] == {"w": "majority", "j": True}


def test_a_key_costs_a_booking_three_commands_more_and_a_replay_only_two_reads(heard: Api, commands: Commands) -> None:
    guest, venue_id = heard.guest(), heard.list_venue(heard.owner())
    order = {"venue_id": venue_id, "date": day(1), "guests": 1}
    with commands.counted() as names:
        assert heard.post("/bookings", order, as_=guest, Idempotency_Key="k").status == 201
    reads = ["find", "find", "find", "find"]
    assert names == [*reads, "findAndModify", "update", "delete", "insert", "insert", "update", "commitTransaction"]
    with commands.counted() as names:
        assert heard.post("/bookings", order, as_=guest, Idempotency_Key="k").status == 201
    assert names == ["find", "find"]


def test_a_rival_who_comes_late_opens_no_transaction(heard: Api, commands: Commands) -> None:
    guest, venue_id = heard.guest(), heard.list_venue(heard.owner())
    heard.book(heard.guest(), venue_id, day(1))
    with commands.counted() as names:
        assert heard.book(guest, venue_id, day(1)).code == "date_taken"
    assert names == ["find", "find", "find"]


def test_a_page_of_bookings_sends_the_same_few_commands_however_many_there_are(heard: Api, commands: Commands) -> None:
    owner, guest = heard.owner(), heard.guest()
    venue_id = heard.list_venue(owner)
    sent = []
    for ahead in (1, 2, 3):
        heard.book(guest, venue_id, day(ahead))
        with commands.counted() as names:
            assert len(heard.get("/bookings", as_=owner).data["bookings"]) == ahead
        sent.append(list(names))
    # The caller, his venues, the bookings, their venues, their guests.
    assert sent == [["find"] * 5] * 3


def test_cancelling_and_confirming_read_little_and_write_once(heard: Api, commands: Commands) -> None:
    owner, guest = heard.owner(), heard.guest()
    path = f"/bookings/{heard.book(guest, heard.list_venue(owner), day(1)).data['booking_id']}"
    with commands.counted() as names:
        heard.patch(path, {"status": "confirmed"}, as_=owner)
    # The caller, the booking and its venue (to see whose it is), the venue's owner; what is answered.
    assert names == [*["find"] * 4, "findAndModify", "commitTransaction", "find", "find"]
    with commands.counted() as names:
        heard.delete(path, as_=guest)
    # The date is free again: for the catalog the venue is read with its bookings.
    freed = ["findAndModify", "find", "find", "update", "commitTransaction"]
    assert names == [*["find"] * 3, *freed, "find"]
