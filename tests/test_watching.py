"""Whether the database is away is decided by a lost answer or a failed ping, and not by one broken connection."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from pymongo.errors import AutoReconnect, NetworkTimeout, ServerSelectionTimeoutError

from halls.app import create_app
from halls.service import Service
from tests.conftest import make_config
from tests.faults.breaking import wait_until
from tests.gate import Gate

if TYPE_CHECKING:
    from flask import Flask
    from pymongo.errors import ConnectionFailure

PATIENCE_SECONDS = 30


def meet(service: Service, error: ConnectionFailure) -> None:
    """Let a request end so."""
    with pytest.raises(type(error)), service.watching():
        raise error


def await_probe(service: Service) -> None:
    """Wait until nobody probes on behalf of the service."""
    if (probe := service.probe) is not None:
        probe.join(PATIENCE_SECONDS)
        assert not probe.is_alive()


def test_one_broken_connection_closes_nothing_while_the_database_answers(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    service: Service = app.extensions["halls"]
    asked, may_answer = threading.Event(), threading.Event()
    reach = Service._reach  # noqa: SLF001 - to stand still in the middle of it

    def reach_slowly(self: Service) -> bool:
        asked.set()
        return may_answer.wait(PATIENCE_SECONDS) and reach(self)

    monkeypatch.setattr(Service, "_reach", reach_slowly)
    meet(service, AutoReconnect("broken"))
    meet(service, AutoReconnect("and another"))
    assert asked.wait(PATIENCE_SECONDS)
    assert not service.is_away
    may_answer.set()
    await_probe(service)
    assert not service.is_away


@pytest.mark.parametrize("error", [NetworkTimeout("no answer"), ServerSelectionTimeoutError("nobody there")])
def test_who_waited_in_vain_closes_until_the_database_answers(
    app: Flask, monkeypatch: pytest.MonkeyPatch, error: ConnectionFailure
) -> None:
    service: Service = app.extensions["halls"]
    may_answer = threading.Event()
    reach = Service._reach  # noqa: SLF001 - to stand still before it
    monkeypatch.setattr(Service, "_reach", lambda self: may_answer.wait(PATIENCE_SECONDS) and reach(self))
    meet(service, error)
    assert service.is_away
    may_answer.set()
    await_probe(service)
    assert not service.is_away


def test_a_broken_connection_and_a_failed_ping_are_an_outage_and_it_ends_by_itself(
    mongo_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halls.service.PROBE_SECONDS", 0.2)
    monkeypatch.setattr("halls.service.PROBE_PAUSE_SECONDS", 0.01)
    with closing(Gate(mongo_uri)) as gate:
        service: Service = create_app(make_config(mongo_uri=gate.uri)).extensions["halls"]
        with closing(service.db.client):
            meet(service, AutoReconnect("broken"))
            wait_until(lambda: service.is_away)
            gate.open()
            await_probe(service)
            assert not service.is_away
