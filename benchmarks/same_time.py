"""Measures whether response times reveal which addresses have an account: `python -m benchmarks.same_time`."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import requests
from pymongo import MongoClient
from tests.servers import RunningServer, running_server

ROUNDS = 200
KNOWN, GOOGLES, UNKNOWN = "known@example.com", "googles@example.com", "unknown@example.com"
PASSWORD, WRONG = "correct horse 7", "wrong horse 77"
LOGINS = {
    "account": {"email": KNOWN, "password": WRONG},
    "unknown address": {"email": UNKNOWN, "password": WRONG},
    "Google account": {"email": GOOGLES, "password": WRONG},
}
RESETS = {
    "account": {"email": KNOWN},
    "unknown address": {"email": UNKNOWN},
    "Google account": {"email": GOOGLES},
    "not an address": {"email": "not an address"},
}


def main() -> None:
    """Print the medians, and their ratios to the first one."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(mongo_uri=None, folder=Path(folder), WEB_WORKERS="1", LOG_LEVEL="WARNING") as server,
    ):
        _make_accounts(server, Path(folder))
        for path, bodies in (("/auth/login", LOGINS), ("/auth/forgot-password", RESETS)):
            medians = _measure(f"{server.url}{path}", bodies)
            first = next(iter(medians.values()))
            print(f"POST {path}, median of {ROUNDS}")
            for name, median in medians.items():
                print(f"  {name:20} {median:7.2f} ms   ratio {median / first:.3f}")


def _make_accounts(server: RunningServer, folder: Path) -> None:
    for email in (KNOWN, GOOGLES):
        person = {"email": email, "password": PASSWORD, "is_venue_owner": False}
        requests.post(f"{server.url}/auth/signup", json=person, timeout=10).raise_for_status()
    with MongoClient[dict[str, Any]]((folder / "mongo" / "uri").read_text()) as client:
        changes = {"$set": {"password_hash": None, "auth_provider": "google", "google_sub": "1"}}
        client.get_default_database().users.update_one({"email": GOOGLES}, changes)


def _measure(url: str, bodies: dict[str, dict[str, str]]) -> dict[str, float]:
    """Return medians in ms, measured in turns, so that other load on the machine affects all requests equally."""
    spent: dict[str, list[float]] = {name: [] for name in bodies}
    said = set()
    with requests.Session() as session:
        for _ in range(ROUNDS):
            for name, body in bodies.items():
                began = time.perf_counter()
                answer = session.post(url, json=body, timeout=10)
                spent[name].append((time.perf_counter() - began) * 1000)
                said.add((answer.status_code, answer.text))
    if len(said) > 1:
        raise SystemExit(f"the responses differ in status or text: {said}")
    return {name: statistics.median(times) for name, times in spent.items()}


if __name__ == "__main__":
    main()
