"""Measures changes of the calendar of one venue with 1 000 dates, beside a PATCH that does the same."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.factories import day
from tests.servers import running_server

from halls.mongo.embedded import embedded_mongod

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api_client import ApiResponse

ROUNDS, DATES = 60, 1_000
SPAN = {"from": day(1), "to": day(DATES)}
# The bodies are sent in turns, so that each request changes every date.
ADJUST = [{"changes": [{"do": "adjust", **SPAN, "percent": percent, "round_to": 500}]} for percent in (10, -9)]
REOPEN = [{"changes": [{"do": do, **SPAN}]} for do in ("close", "offer")]
# The prices of ADJUST, as a client would send them without calendar changes.
REPLACE: list[dict[str, Any]] = [
    {"pricing": {"overrides": [{"date": day(ahead), "price": price} for ahead in range(1, DATES + 1)]}}
    for price in (203_500, 185_000)
]


def measure(send: Callable[..., ApiResponse], path: str, owner: str, bodies: list[Any]) -> str:
    """Send the bodies in turns. Return the fastest, the median and the 95th percentile of the times of the requests."""
    times = []
    for number in range(ROUNDS):
        started = time.perf_counter()
        response = send(path, bodies[number % len(bodies)], token=owner)
        times.append((time.perf_counter() - started) * 1_000)
        if response.data.get("added") == response.data.get("removed") == response.data.get("repriced") == []:
            sys.exit("a request changed nothing")
    times.sort()
    return f"{times[0]:.1f} ms | {median(times):.1f} ms | {times[int(ROUNDS * 0.95)]:.1f} ms |"


def main() -> None:
    """Print a row for each kind of request."""
    with tempfile.TemporaryDirectory() as temporary, embedded_mongod(Path(temporary) / "mongo") as uri:
        folder = Path(temporary) / "server"
        with running_server(mongo_uri=uri, folder=folder, LOG_LEVEL="WARNING", RATE_LIMITS="off") as server:
            server.api.wait_until_ready()
            owner = server.api.owner()
            path = f"/venues/{server.api.list_venue(owner, dates_available=[], pricing={'overrides': []})}"
            server.api.post(f"{path}/calendar", {"changes": [{"do": "offer", **SPAN, "price": 185_000}]}, token=owner)
            print(f"| adjust 1 000 prices | {measure(server.api.post, f'{path}/calendar', owner, ADJUST)}")
            print(f"| close and offer 1 000 dates | {measure(server.api.post, f'{path}/calendar', owner, REOPEN)}")
            print(f"| PATCH of 1 000 prices | {measure(server.api.patch, path, owner, REPLACE)}")


if __name__ == "__main__":
    main()
