"""Measures changes of the calendar of one venue with 1 000 dates, beside a PATCH of one field: prints medians."""

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
# The same transaction and response, without the calendar changes.
RENAME = [{"venue_name": name} for name in ("Pearl Hall", "Ruby Hall")]


def measure(send: Callable[..., ApiResponse], path: str, owner: str, bodies: list[Any]) -> str:
    """Send the bodies in turns. Return the median and the 95th percentile of the time of a request."""
    times = []
    for number in range(ROUNDS):
        started = time.perf_counter()
        response = send(path, bodies[number % len(bodies)], token=owner)
        times.append((time.perf_counter() - started) * 1_000)
        if response.data.get("added") == response.data.get("removed") == response.data.get("repriced") == []:
            sys.exit("a request changed nothing")
    times.sort()
    return f"{median(times):.1f} ms | {times[int(ROUNDS * 0.95)]:.1f} ms |"


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
            print(f"| PATCH of the name | {measure(server.api.patch, path, owner, RENAME)}")


if __name__ == "__main__":
    main()
