"""Counts the database commands of frequent requests: each further command costs a round trip."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from pymongo import MongoClient, monitoring

from halls.server.startup import make_server_app
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.factories import bare_venue_document, day, index_all, insert_booking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db


class CommandRecorder(monitoring.CommandListener):
    """Records the commands that the driver sends."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.sent: dict[str, Any] = {}
        self.replies: dict[str, Any] = {}
        self.read_levels: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Record the name of the command, the last command of each name, and the read concern of a transaction."""
        if event.command_name == "count":
            return  # Once a minute a search asks for the number of all entries.
        self.names.append(event.command_name)
        self.sent[event.command_name] = event.command
        if event.command.get("startTransaction"):
            self.read_levels.append(event.command["readConcern"]["level"])

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Record the last reply of each command name."""
        self.replies[event.command_name] = event.reply

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Ignore failures; the listener interface requires this method."""

    @contextmanager
    def recording(self) -> Iterator[list[str]]:
        """Yield a list that receives the names of the commands of the block."""
        self.names = []
        yield self.names


@pytest.fixture
def commands() -> CommandRecorder:
    """A recorder of commands."""
    return CommandRecorder()


@pytest.fixture
def recorded_api(
    commands: CommandRecorder, db: Db, worker_uri: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ApiClient]:
    """A client of an application whose commands the recorder receives; the database is empty."""
    assert db.users.count_documents({}) == 0

    def open_client(*arguments: Any, event_listeners: list[Any], **options: Any) -> MongoClient[Any]:
        return MongoClient(*arguments, event_listeners=[*event_listeners, commands], **options)

    monkeypatch.setattr("halls.mongo.client.MongoClient", open_client)
    app = make_server_app(make_config(mongo_uri=worker_uri))
    with closing(app.extensions["halls"].db.client):
        # A worker sends these commands once, or once after an election; they must not count for a request.
        app.extensions["halls"].failover.confirm_election()
        app.extensions["halls"].search_readiness.require_filled()
        yield ApiClient(app.test_client())


def test_a_search_sends_one_command_or_two(recorded_api: ApiClient, commands: CommandRecorder) -> None:
    owner = recorded_api.owner()
    for _ in range(5):
        recorded_api.list_venue(owner)
    near = "near_lat=24.86&near_lng=67&near_km=5"
    for query, sent in (
        ("limit=2", ["find"]),
        # Once a minute the venues in the cells around the place are counted. Rings read the cards in a second query.
        (near, ["aggregate", "find", "find"]),
        # Later searches nearby read a circle.
        (near, ["find"]),
        (f"date={day(1)}", ["find"]),
        (f"date={day(1)}&{near}&sort=price&price_min=1&limit=2", ["aggregate", "find"]),
        (f"date={day(1)}&sort=price&price_max=1", ["aggregate"]),
        ("limit=2&include=total", ["find", "aggregate"]),
        ("include=calendar", ["find", "find"]),
        (f"date={day(99)}", ["find"]),
        (f"date={day(-1)}", []),
    ):
        with commands.recording() as names:
            assert recorded_api.get(f"/venues/search?{query}").status == 200
        assert names == sent, query


def test_a_search_fetches_the_calendar_only_if_requested(recorded_api: ApiClient, commands: CommandRecorder) -> None:
    recorded_api.list_venue(recorded_api.owner())
    calendar = {"dates_available", "pricing", "additional_description"}
    for query, command, fetched in (
        ("", "find", set()),
        (f"date={day(1)}&sort=price", "aggregate", set()),
        ("include=calendar", "find", calendar),
    ):
        recorded_api.get(f"/venues/search?{query}")
        (row,) = commands.replies[command]["cursor"]["firstBatch"]
        assert row.keys() & calendar == fetched


def test_booked_venues_need_no_further_command(recorded_api: ApiClient, db: Db, commands: CommandRecorder) -> None:
    rows = [bare_venue_document(ObjectId(), dates_available=[day(1)]) for _ in range(40)]
    db.venues.insert_many(rows)
    for row in rows[20:]:
        insert_booking(db, row["_id"], ObjectId(), date=day(1))
    index_all(db)
    with commands.recording() as names:
        assert len(recorded_api.get(f"/venues/search?date={day(1)}").data["venues"]) == 20
    assert names == ["find"]


def test_hundreds_of_ignored_prices_cost_no_further_command(
    recorded_api: ApiClient, db: Db, commands: CommandRecorder
) -> None:
    # The first of two overrides for a date applies.
    expensive = {"overrides": [{"date": day(1), "price": 9}, {"date": day(1), "price": 1}]}
    cheap = {"overrides": [{"date": day(1), "price": 1}]}
    offered = {"dates_available": [day(1)]}
    rows = [bare_venue_document(ObjectId(), **offered, pricing=expensive) for _ in range(400)]
    db.venues.insert_many([rows[0] | {"pricing": cheap}, *rows[1:]])
    index_all(db)
    with commands.recording() as names:
        (result,) = recorded_api.get(f"/venues/search?date={day(1)}&price_max=2&limit=1").data["venues"]
    assert result["id"] == str(rows[0]["_id"])
    assert names == ["find"]


def test_availability_sends_two_commands_for_any_range(recorded_api: ApiClient, commands: CommandRecorder) -> None:
    venue_id = recorded_api.list_venue(recorded_api.owner())
    for query in (f"date={day(1)}", f"from={day(1)}&to={day(366)}"):
        with commands.recording() as names:
            assert recorded_api.get(f"/venues/{venue_id}/availability?{query}").status == 200
        assert names == ["find", "find"]


def test_reading_a_venue_sends_one_command(recorded_api: ApiClient, commands: CommandRecorder) -> None:
    venue_id = recorded_api.list_venue(recorded_api.owner())
    with commands.recording() as names:
        recorded_api.get(f"/venues/{venue_id}")
    assert names == ["find"]


# Claim the date, and lock the account against deletion.
LOCKS = ["findAndModify", "findAndModify"]
# Insert the booking and its event, update the search index. After the commit: the owner, whose telephone number the
# response has.
WRITES = ["insert", "insert", "update", "commitTransaction", "find"]


def test_placing_a_booking_reads_the_caller_and_sends_one_transaction(
    recorded_api: ApiClient, commands: CommandRecorder
) -> None:
    guest, venue_id = recorded_api.guest(), recorded_api.list_venue(recorded_api.owner())
    with commands.recording() as names:
        assert recorded_api.book(guest, venue_id, day(1)).status == 201
    assert names == ["find", *LOCKS, *WRITES]
    assert commands.read_levels[-1] == "snapshot"
    assert commands.sent["commitTransaction"]["writeConcern"] == {"w": "majority", "j": True}


def test_a_key_costs_a_booking_one_command(recorded_api: ApiClient, commands: CommandRecorder) -> None:
    guest, venue_id = recorded_api.guest(), recorded_api.list_venue(recorded_api.owner())
    order = {"venue_id": venue_id, "date": day(1), "guests": 1}
    with commands.recording() as names:
        assert recorded_api.post("/bookings", order, token=guest, Idempotency_Key="k").status == 201
    assert names == ["find", *LOCKS, "update", *WRITES]
    with commands.recording() as names:
        assert recorded_api.post("/bookings", order, token=guest, Idempotency_Key="k").status == 201
    # The transaction fails. The stored response is read, and the telephone number of the owner.
    assert names == ["find", *LOCKS, "update", "abortTransaction", "find", "find"]


def test_a_request_for_a_booked_date_reads_its_reason_afterwards(
    recorded_api: ApiClient, commands: CommandRecorder
) -> None:
    guest, venue_id = recorded_api.guest(), recorded_api.list_venue(recorded_api.owner())
    recorded_api.book(recorded_api.guest(), venue_id, day(1))
    with commands.recording() as names:
        assert recorded_api.book(guest, venue_id, day(1)).code == "date_taken"
    assert names == ["find", *LOCKS, "insert", "abortTransaction", "find", "find"]


def test_a_page_of_bookings_sends_five_commands_for_any_number_of_bookings(
    recorded_api: ApiClient, commands: CommandRecorder
) -> None:
    owner, guest = recorded_api.owner(), recorded_api.guest()
    venue_id = recorded_api.list_venue(owner)
    sent = []
    for ahead in (1, 2, 3):
        recorded_api.book(guest, venue_id, day(ahead))
        with commands.recording() as names:
            assert len(recorded_api.get("/bookings", token=owner).data["bookings"]) == ahead
        sent.append(list(names))
    # The caller, the caller's venues, the bookings, their venues, their guests.
    assert sent == [["find"] * 5] * 3


def test_cancelling_and_confirming_send_few_reads_and_one_transaction(
    recorded_api: ApiClient, commands: CommandRecorder
) -> None:
    owner, guest = recorded_api.owner(), recorded_api.guest()
    path = f"/bookings/{recorded_api.book(guest, recorded_api.list_venue(owner), day(1)).data['booking_id']}"
    with commands.recording() as names:
        recorded_api.patch(path, {"status": "confirmed"}, token=owner)
    # The caller, the booking, its venue (for the permission), the owner. In the transaction: the last event, the
    # booking, the new event. After the commit: the data of the response.
    change = ["find", "findAndModify", "insert"]
    assert names == [*["find"] * 4, *change, "commitTransaction", "find", "find"]
    with commands.recording() as names:
        recorded_api.delete(path, token=guest)
    # It is not pending. The date is available again: the search index reads the venue and its bookings.
    freed = ["find", "find", "update", "commitTransaction"]
    assert names == [*["find"] * 3, "find", "findAndModify", *change, *freed, "find"]


def test_a_month_with_bookings_sends_five_commands_for_any_number_of_bookings(
    recorded_api: ApiClient, commands: CommandRecorder
) -> None:
    owner, guest = recorded_api.owner(), recorded_api.guest()
    venue_id = recorded_api.list_venue(owner)
    sent = []
    for ahead in (1, 2, 3):
        recorded_api.book(guest, venue_id, day(ahead))
        with commands.recording() as names:
            answer = recorded_api.get(f"/venues/{venue_id}/calendar?from={day(0)}&to={day(91)}", token=owner)
        assert sum(len(each["bookings"]) for each in answer.data["days"]) == ahead
        sent.append(list(names))
    # The caller, the venue, the bookings of the range, their venue and their guests.
    assert sent == [["find"] * 5] * 3


def test_calendar_changes_send_two_reads_and_one_transaction(
    recorded_api: ApiClient, commands: CommandRecorder
) -> None:
    owner = recorded_api.owner()
    path = f"/venues/{recorded_api.list_venue(owner)}/calendar"
    offer = {"do": "offer", "from": day(1), "to": day(800), "price": 5}
    reads = ["find", "find"]  # the caller, the venue
    with commands.recording() as names:
        assert recorded_api.post(path, {"changes": [offer] * 50}, token=owner).status == 200
    # Lock the venue, read its active bookings, write its calendar and the event, and make its search entry of both.
    changes = ["findAndModify", "find", "findAndModify", "insert"]
    assert names == [*reads, *changes, "find", "find", "update", "commitTransaction"]
    with commands.recording() as names:
        assert recorded_api.post(path, {"changes": [offer], "dry_run": True}, token=owner).status == 200
    assert names == [*reads, "find"]
