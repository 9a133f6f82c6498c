"""The memory of a worker stays limited: each thread must not keep the 19 MB of a password hash."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.factories import PASSWORD
from tests.faults.fault_injection import find_children, is_ready, serving
from tests.races.race_client import Call, RaceClient
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.servers import RunningServer

ROUNDS, AT_ONCE = 45, 4
# 63 MB at the start, 92 MB after this test, 110 MB if two threads hash, 222 MB if all eight do (decision 30).
MEGABYTES = 130
EMAIL = "guest@example.com"


def megabytes(server: RunningServer) -> int:
    """Return the resident memory of the only worker, in MB."""
    [worker] = find_children(server.process.pid)
    [line] = [line for line in Path(f"/proc/{worker}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) // 1024


def log_in_and_search(race_client: RaceClient) -> list[str]:
    """Log in and search four times at once, in ROUNDS rounds; return the outcomes."""
    account = {"email": EMAIL, "password": PASSWORD}
    assert (
        race_client.request(Call("POST", "/auth/signup", None, {**account, "is_venue_owner": False})).outcome == "201"
    )
    race_client.venues(race_client.account(owner=True), 100)
    search = Call("GET", "/venues/search?limit=20&include=calendar")
    calls = [Call("POST", "/auth/login", None, account, then=search)] * AT_ONCE
    events = [event for _ in range(ROUNDS) for event in race_client.at_once(*calls)]
    return [event.outcome for event in events] + [event.then.outcome for event in events if event.then]


def test_a_worker_stays_below_130_mb_during_concurrent_logins(fresh_uri: str, tmp_path: Path) -> None:
    with serving(fresh_uri, tmp_path, WEB_WORKERS="1") as (server, race_client):
        wait_until(lambda: is_ready(race_client))
        assert log_in_and_search(race_client) == ["200"] * ROUNDS * AT_ONCE * 2
        assert megabytes(server) < MEGABYTES
