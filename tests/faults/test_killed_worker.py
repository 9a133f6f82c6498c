"""A worker is killed during a booking: the venue is soon available again, and the request can be retried."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from datetime import timedelta
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

import pytest

from halls.accounts.emails import hash_token
from halls.accounts.link_store import insert_reset
from halls.clock import utc_now
from halls.mongo.client import connect
from tests.factories import PASSWORD
from tests.faults.fault_injection import failing, find_children, serving
from tests.hostile.world import has_background_work
from tests.races.race_client import DATE, OTHER_DATE, Call, Event, RaceClient
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import RunningServer

AVAILABLE_AGAIN_SECONDS = 7.0
BLOCK_MS = 1500
RESET_TOKEN = "a token of an e-mail, long enough"


def send_in_thread(race_client: RaceClient, call: Call) -> threading.Thread:
    """Send a request that gets no response, because the worker is killed."""

    def send() -> None:
        with suppress(OSError, HTTPException):
            race_client.request(call)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def kill_the_worker_at(
    command: str, server: RunningServer, race_client: RaceClient, call: Call, collection: str | None = None
) -> None:
    """Kill the only worker while the mongod blocks this command of the request's transaction.

    The collection tells the command from those of the background tasks, which send e-mails of earlier tests.
    """
    namespace = {"namespace": f"{race_client.db.name}.{collection}"} if collection else {}
    # The background tasks and the change stream reader send the same commands: wait until they have nothing to do.
    wait_until(lambda: not has_background_work(race_client.db))
    assert request_until_response(race_client, Call("GET", "/venues/search")).outcome == "200"
    [worker] = find_children(server.process.pid)
    with failing(race_client.db, {"times": 1}, command, blockConnection=True, blockTimeMS=BLOCK_MS, **namespace):
        thread = send_in_thread(race_client, call)
        wait_until(lambda: is_running(race_client, command, collection))
        os.kill(worker, signal.SIGKILL)
        thread.join()


def is_running(race_client: RaceClient, command: str, collection: str | None) -> bool:
    """Return whether the mongod is executing this command, on this collection if it is given."""
    condition = {f"command.{command}": collection or {"$exists": True}}
    pipeline: list[dict[str, Any]] = [{"$currentOp": {}}, {"$match": condition}]
    return bool(list(race_client.db.client.admin.aggregate(pipeline)))


def request_until_response(race_client: RaceClient, call: Call) -> Event:
    """Repeat a request until a worker responds with anything except 503 database_unavailable."""
    while True:
        with suppress(OSError, HTTPException):
            event = race_client.request(call)
            if event.outcome != "503 database_unavailable":
                return event


@pytest.fixture(scope="module")
def served(failpoint_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, RaceClient]]:
    """A server with one worker: the test kills this worker."""
    with serving(failpoint_uri, tmp_path_factory.mktemp("killed"), WEB_WORKERS="1") as server_and_client:
        yield server_and_client


def test_a_worker_killed_in_a_transaction_blocks_the_venue_for_seven_seconds(
    served: tuple[RunningServer, RaceClient],
) -> None:
    server, race_client = served
    guest, rival = race_client.accounts(2)
    venue_id = race_client.venue(race_client.account(owner=True))
    order = guest.order(venue_id, key="unanswered-order")
    kill_the_worker_at("insert", server, race_client, order, "bookings")
    killed = time.monotonic()
    assert request_until_response(race_client, rival.order(venue_id, OTHER_DATE)).outcome == "201"
    assert time.monotonic() - killed <= AVAILABLE_AGAIN_SECONDS
    assert race_client.find_active_bookings(venue_id, DATE) == []
    assert [race_client.request(order).outcome for _ in range(2)] == ["201", "201"]
    assert len(race_client.find_active_bookings(venue_id, DATE)) == 1


def test_a_retry_books_once_after_a_worker_died_at_its_commit(
    served: tuple[RunningServer, RaceClient],
) -> None:
    server, race_client = served
    guest, venue_id = race_client.account(), race_client.venue(race_client.account(owner=True))
    order = guest.order(venue_id, key="unanswered-order")
    kill_the_worker_at("commitTransaction", server, race_client, order)
    answers = [request_until_response(race_client, order).answer for _ in range(2)]
    [booking] = race_client.find_active_bookings(venue_id)
    assert [answer.data["booking_id"] for answer in answers] == [str(booking["_id"])] * 2
    assert answers[1].headers["Idempotent-Replayed"] == "true"


def test_a_worker_killed_before_writing_a_new_password_keeps_the_old_one(
    served: tuple[RunningServer, RaceClient],
) -> None:
    """The old password and the reset token stay valid."""
    server, race_client = served
    account = {"email": "ayesha@example.com", "password": PASSWORD}
    assert (
        race_client.request(Call("POST", "/auth/signup", None, {**account, "is_venue_owner": False})).outcome == "201"
    )
    user = race_client.db.users.find_one({"email": account["email"]})
    assert user is not None
    now = utc_now()
    insert_reset(race_client.db, user["_id"], hash_token(RESET_TOKEN), expires_at=now + timedelta(hours=1), now=now)
    reset = Call("POST", "/auth/reset-password", None, {"token": RESET_TOKEN, "new_password": "another horse 8"})
    kill_the_worker_at("delete", server, race_client, reset, "password_resets")
    assert request_until_response(race_client, Call("POST", "/auth/login", None, account)).outcome == "200"
    assert request_until_response(race_client, reset).outcome == "200"
    assert race_client.request(Call("POST", "/auth/login", None, account)).outcome == "401 bad_credentials"


def test_the_embedded_mongod_aborts_abandoned_transactions_after_five_seconds(mongo_uri: str) -> None:
    db = connect(mongo_uri)
    parameters = db.client.admin.command({"getParameter": 1, "transactionLifetimeLimitSeconds": 1})
    db.client.close()
    assert parameters["transactionLifetimeLimitSeconds"] == 5
