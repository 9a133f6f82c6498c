"""The circuit breaker opens after a timeout or a failed ping, not after one broken connection."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import structlog
from pymongo.errors import AutoReconnect, NetworkTimeout, ServerSelectionTimeoutError

from halls.mongo.circuit_breaker import CircuitBreaker
from halls.mongo.client import connect
from halls.mongo.outage_log import OutageLog
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
    ping = CircuitBreaker.ping

    def ping_slowly(self: CircuitBreaker) -> bool:
        is_pinging.set()
        return may_respond.wait(TIMEOUT_SECONDS) and ping(self)

    monkeypatch.setattr(CircuitBreaker, "ping", ping_slowly)
    fail_with(breaker, AutoReconnect("broken"))
    fail_with(breaker, AutoReconnect("broken again"))
    assert is_pinging.wait(TIMEOUT_SECONDS)
    assert not breaker.is_open
    may_respond.set()
    join_probe(breaker)
    assert not breaker.is_open


@pytest.mark.parametrize("error", [NetworkTimeout("no answer"), ServerSelectionTimeoutError("no server")])
def test_a_timeout_opens_it_until_the_database_answers(
    db: Db, monkeypatch: pytest.MonkeyPatch, error: ConnectionFailure
) -> None:
    breaker = CircuitBreaker(db, OutageLog(db.name))
    may_respond = threading.Event()
    ping = CircuitBreaker.ping
    monkeypatch.setattr(CircuitBreaker, "ping", lambda self: may_respond.wait(TIMEOUT_SECONDS) and ping(self))
    fail_with(breaker, error)
    assert breaker.is_open
    may_respond.set()
    join_probe(breaker)
    assert not breaker.is_open


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

    def ping(_: CircuitBreaker) -> bool:
        pings[0] += 1
        return may_respond.wait(TIMEOUT_SECONDS)

    monkeypatch.setattr(CircuitBreaker, "ping", ping)
    fail_with(breaker, AutoReconnect("broken"))
    first = breaker.probe_thread
    fail_with(breaker, NetworkTimeout("no answer"))
    assert breaker.probe_thread is first
    may_respond.set()
    join_probe(breaker)
    assert pings == [1]
