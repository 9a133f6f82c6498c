"""Kills the mongod of a running server and starts it again: requests get 503, then the server recovers."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

from halls.mongo.client import connect
from halls.mongo.embedded import embedded_mongod
from tests.faults.fault_injection import CONSECUTIVE_RESPONSES, RECOVERY_SECONDS, pid_of_mongod
from tests.hostile.client import BOOKING, LOGIN, SIGNUP
from tests.hostile.contract import find_violations, outcome_of
from tests.hostile.raw_http import request_bytes, send
from tests.hostile.world import B1, D1, O1, U1, V1, hash_documents, put_back_world
from tests.servers import RunningServer, running_server
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

UNAVAILABLE = "503 database_unavailable"
SEARCH, READY = request_bytes("GET /venues/search"), request_bytes("GET /health/ready")
BOOK = request_bytes("POST /bookings", json.dumps(BOOKING), token=U1)
LOG_IN = request_bytes("POST /auth/login", json.dumps(LOGIN))
DURING_THE_OUTAGE = {
    request_bytes(f"GET /venues/{V1}/availability?date={D1}"): UNAVAILABLE,
    request_bytes(f"GET /venues/{V1}"): UNAVAILABLE,
    request_bytes("GET /bookings", token=U1): UNAVAILABLE,
    request_bytes(f"DELETE /bookings/{B1}", token=U1): UNAVAILABLE,
    request_bytes("GET /auth/me", token=U1): UNAVAILABLE,
    request_bytes(f"PATCH /venues/{V1}", '{"venue_name":"x"}', token=O1): UNAVAILABLE,
    request_bytes("POST /auth/signup", json.dumps(SIGNUP)): UNAVAILABLE,
    BOOK: UNAVAILABLE,
    LOG_IN: UNAVAILABLE,
    READY: UNAVAILABLE,
    request_bytes("GET /health"): "200",
    # These two need no database.
    request_bytes("POST /bookings", json.dumps(BOOKING)): "401 missing_token",
}
AFTER_THE_OUTAGE = {SEARCH: "200", READY: "200", BOOK: "201", LOG_IN: "200"}
FIFTY = 50


def outcome(server: RunningServer, request: bytes) -> str:
    """Return the outcome of a request: "503 database_unavailable", or why the response is not correct."""
    exchange = send(server.port, request)
    if not exchange.answers:
        return "no response"
    response = exchange.answers[0].as_api_response
    return "; ".join(find_violations(response)) or outcome_of(response)


def outcomes(server: RunningServer, requests: list[bytes], at_once: int) -> list[str]:
    """Send the requests, `at_once` at the same time; return their outcomes."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda request: outcome(server, request), requests))


def is_ready(server: RunningServer) -> bool:
    """Return whether each worker is ready: each detects the outage and the recovery by itself."""
    return all(outcome(server, READY) == "200" for _ in range(CONSECUTIVE_RESPONSES))


def test_the_server_reports_an_outage_and_recovers_by_itself(tmp_path: Path) -> None:
    with ExitStack() as stack:
        with embedded_mongod(tmp_path / "mongo") as uri:
            server = stack.enter_context(running_server(mongo_uri=uri, folder=tmp_path))
            wait_until(lambda: is_ready(server))
            db = connect(uri)
            put_back_world(db)
            before = hash_documents(db)
            os.kill(pid_of_mongod(db), signal.SIGKILL)
        # Fewer at once than the threads of a worker: otherwise a request would wait for a free thread.
        assert outcomes(server, list(DURING_THE_OUTAGE), at_once=7) == list(DURING_THE_OUTAGE.values())
        assert outcomes(server, [SEARCH] * FIFTY, at_once=FIFTY) == [UNAVAILABLE] * FIFTY
        # The same folder has the same data and the same port.
        with embedded_mongod(tmp_path / "mongo"):
            wait_until(lambda: is_ready(server), RECOVERY_SECONDS)
            assert hash_documents(db) == before
            assert outcomes(server, list(AFTER_THE_OUTAGE), at_once=1) == list(AFTER_THE_OUTAGE.values())
            # Close before the database stops: otherwise close() of the client waits 30 s for it.
            stack.close()
            db.client.close()
