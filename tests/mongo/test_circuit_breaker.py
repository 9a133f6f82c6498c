"""The circuit breaker opens without a server and after a failed ping, not after a broken connection or a slow query."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import structlog
from bson import ObjectId
from pymongo.errors import AutoReconnect, NetworkTimeout, ServerSelectionTimeoutError

from halls.mongo.circuit_breaker import CircuitBreaker
from halls.mongo.client import connect
from halls.mongo.outage_log import OutageLog
from tests.conftest import uri_of
from tests.factories import bare_venue_document
from tests.tcp_proxy import TcpProxy
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pymongo.errors import ConnectionFailure

    from halls.mongo.client import Db

TIMEOUT_SECONDS = 30


def fail_with(breaker: CircuitBreaker, error: ConnectionFailure) -> None:
    """Raise `error` inside the guard, as a request does."""
    with pytest.raises(type(error)), breaker.guard():
        raise error


def join_probe(breaker: CircuitBreaker) -> None:
    """Wait until the probe thread ends."""
    if (probe := breaker.probe_thread) is not None:
        probe.join(TIMEOUT_SECONDS)
        assert not probe.is_alive()


def test_a_broken_connection_does_not_open_it_while_the_database_answers(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaker = CircuitBreaker(db, OutageLog(db.name))
    is_pinging, may_respond = threading.Event(), threading.Event()
    ping = breaker.ping

    def ping_slowly() -> bool:
        is_pinging.set()
        return may_respond.wait(TIMEOUT_SECONDS) and ping()

    monkeypatch.setattr(breaker, "ping", ping_slowly)
    fail_with(breaker, AutoReconnect("broken"))
    fail_with(breaker, AutoReconnect("broken again"))
    assert is_pinging.wait(TIMEOUT_SECONDS)
    assert not breaker.is_open
    may_respond.set()
    join_probe(breaker)
    assert not breaker.is_open


def test_a_missing_server_opens_it_until_the_database_answers(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    breaker = CircuitBreaker(db, OutageLog(db.name))
    may_respond = threading.Event()
    ping = breaker.ping
    monkeypatch.setattr(breaker, "ping", lambda: may_respond.wait(TIMEOUT_SECONDS) and ping())
    fail_with(breaker, ServerSelectionTimeoutError("no server"))
    assert breaker.is_open
    may_respond.set()
    join_probe(breaker)
    assert not breaker.is_open


def test_a_slow_query_does_not_open_it_while_the_database_answers(
    mongo_uri: str, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.venues.insert_one(bare_venue_document(ObjectId()))
    impatient = connect(f"{uri_of(mongo_uri, db.name)}&socketTimeoutMS=1000")
    # What requests would have seen at each ping.
    was_open: list[bool] = []
    breaker = CircuitBreaker(impatient, OutageLog(db.name))
    ping = breaker.ping

    def watch() -> bool:
        was_open.append(breaker.is_open)
        return ping()

    monkeypatch.setattr(breaker, "ping", watch)
    with closing(impatient.client), pytest.raises(NetworkTimeout), breaker.guard():
        impatient.venues.find_one({"$where": "sleep(3000) || true"})
    assert was_open == [False]
    assert not breaker.is_open


def test_a_timeout_opens_it_before_the_request_ends_if_a_ping_fails(
    mongo_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halls.mongo.circuit_breaker.PING_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr("halls.mongo.circuit_breaker.PING_PAUSE_SECONDS", 0.01)
    with closing(TcpProxy(mongo_uri)) as proxy:
        db = connect(proxy.uri)
        breaker = CircuitBreaker(db, OutageLog(db.name))
        with closing(db.client):
            fail_with(breaker, NetworkTimeout("no answer"))
            assert breaker.is_open
            proxy.open()
            join_probe(breaker)


def test_a_failed_ping_opens_it_and_a_later_ping_closes_it(mongo_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halls.mongo.circuit_breaker.PING_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr("halls.mongo.circuit_breaker.PING_PAUSE_SECONDS", 0.01)
    with closing(TcpProxy(mongo_uri)) as proxy:
        db = connect(proxy.uri)
        breaker = CircuitBreaker(db, OutageLog(db.name))
        with closing(db.client), structlog.testing.capture_logs() as lines:
            fail_with(breaker, AutoReconnect("broken"))
            wait_until(lambda: breaker.is_open)
            proxy.open()
            join_probe(breaker)
            assert not breaker.is_open
    assert [line["event"] for line in lines] == ["database unavailable", "database available"]


def test_only_one_probe_thread_runs(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    breaker = CircuitBreaker(db, OutageLog(db.name))
    pings, may_respond = [0], threading.Event()

    def ping() -> bool:
        pings[0] += 1
        return may_respond.wait(TIMEOUT_SECONDS)

    # Not for the class: tests of outages leave probe threads that still ping.
    monkeypatch.setattr(breaker, "ping", ping)
    fail_with(breaker, AutoReconnect("broken"))
    first = breaker.probe_thread
    fail_with(breaker, NetworkTimeout("no answer"))
    assert breaker.probe_thread is first
    may_respond.set()
    join_probe(breaker)
    assert pings == [1]
