"""A worker is killed in the middle of a booking: its venue is soon free again, and the order can be repeated."""

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

from halls.accounts.emails import hash_reset_token
from halls.accounts.store import insert_reset
from halls.clock import utc_now
from halls.mongo.client import connect
from tests.api_client import PASSWORD
from tests.faults.fault_injection import failing, find_children, serving, wait_until
from tests.races.race_client import DATE, OTHER_DATE, Call, Event, RaceClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import RunningServer

FREE_AGAIN_SECONDS = 7.0
BLOCK_MS = 1500
LINK = "a token of a letter, long enough"


def ask_in_vain(race_client: RaceClient, call: Call) -> threading.Thread:
    """Send a request that nobody will answer, since the worker dies over it."""

    def ask() -> None:
        with suppress(OSError, HTTPException):
            race_client.ask(call)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def kill_the_worker_at(command: str, server: RunningServer, race_client: RaceClient, order: Call, **where: str) -> None:
    """Kill the only worker while the mongod holds it at that command of the order's transaction."""
    # What was written past it has to be in the catalog, or its follower's commands would be held instead.
    assert ask_until_answered(race_client, Call("GET", "/venues/search")).said == "200"
    [worker] = find_children(server.process.pid)
    with failing(race_client.db, {"times": 1}, command, blockConnection=True, blockTimeMS=BLOCK_MS, **where):
        asking = ask_in_vain(race_client, order)
        wait_until(lambda: is_running(race_client, command))
        os.kill(worker, signal.SIGKILL)
        asking.join()


def is_running(race_client: RaceClient, command: str) -> bool:
    """Tell whether the mongod is at that command just now."""
    pipeline: list[dict[str, Any]] = [{"$currentOp": {}}, {"$match": {f"command.{command}": {"$exists": True}}}]
    return bool(list(race_client.db.client.admin.aggregate(pipeline)))


def ask_until_answered(race_client: RaceClient, call: Call) -> Event:
    """Repeat a request as long as no worker is there, or the database says "later"."""
    while True:
        with suppress(OSError, HTTPException):
            event = race_client.ask(call)
            if event.said != "503 database_unavailable":
                return event


@pytest.fixture(scope="module")
def served(fallible_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, RaceClient]]:
    """A server of a single worker, so that it is known which one to kill."""
    with serving(fallible_uri, tmp_path_factory.mktemp("killed"), WEB_WORKERS="1") as found:
        yield found


def test_a_worker_killed_in_its_transaction_blocks_the_venue_for_seven_seconds_at_most(
    served: tuple[RunningServer, RaceClient],
) -> None:
    server, race_client = served
    guest, rival = race_client.people(2)
    venue_id = race_client.venue(race_client.person(owner=True))
    order = guest.order(venue_id, key="unanswered-order")
    kill_the_worker_at("insert", server, race_client, order)
    killed = time.monotonic()
    assert ask_until_answered(race_client, rival.order(venue_id, OTHER_DATE)).said == "201"
    assert time.monotonic() - killed <= FREE_AGAIN_SECONDS
    assert race_client.active(venue_id, DATE) == []
    assert [race_client.ask(order).said for _ in range(2)] == ["201", "201"]
    assert len(race_client.active(venue_id, DATE)) == 1


def test_an_order_whose_worker_died_at_its_commit_is_booked_once_by_a_repeat(
    served: tuple[RunningServer, RaceClient],
) -> None:
    server, race_client = served
    guest, venue_id = race_client.person(), race_client.venue(race_client.person(owner=True))
    order = guest.order(venue_id, key="unanswered-order")
    kill_the_worker_at("commitTransaction", server, race_client, order)
    answers = [ask_until_answered(race_client, order).answer for _ in range(2)]
    [booking] = race_client.active(venue_id)
    assert [answer.data["booking_id"] for answer in answers] == [str(booking["_id"])] * 2
    assert answers[1].headers["Idempotent-Replayed"] == "true"


def test_a_worker_killed_between_a_new_passwords_hash_and_its_writing_leaves_the_old_one_and_the_link_good(
    served: tuple[RunningServer, RaceClient],
) -> None:
    """Scenario X14, its second half."""
    server, race_client = served
    account = {"email": "ayesha@example.com", "password": PASSWORD}
    assert race_client.ask(Call("POST", "/auth/signup", None, {**account, "is_venue_owner": False})).said == "201"
    user = race_client.db.users.find_one({"email": account["email"]})
    assert user is not None
    now = utc_now()
    insert_reset(race_client.db, user["_id"], hash_reset_token(LINK), expires_at=now + timedelta(hours=1), now=now)
    reset = Call("POST", "/auth/reset-password", None, {"token": LINK, "new_password": "another horse 8"})
    kill_the_worker_at("delete", server, race_client, reset)
    assert ask_until_answered(race_client, Call("POST", "/auth/login", None, account)).said == "200"
    assert ask_until_answered(race_client, reset).said == "200"
    assert race_client.ask(Call("POST", "/auth/login", None, account)).said == "401 bad_credentials"


def test_the_mongod_that_comes_along_ends_abandoned_transactions_soon(mongo_uri: str) -> None:
    db = connect(mongo_uri)
    found = db.client.admin.command({"getParameter": 1, "transactionLifetimeLimitSeconds": 1})
    db.client.close()
    assert found["transactionLifetimeLimitSeconds"] == 5
