"""Failed logins for one address are counted over all networks, and then slow down the networks that failed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from halls.accounts.emails import hash_token
from halls.accounts.link_store import insert_reset
from halls.accounts.login_limits import pause_after
from halls.clock import utc_now
from tests.accounts.concurrency import allow_concurrent_hashing, at_once
from tests.factories import PASSWORD
from tests.http.test_rate_limits import EMAIL, client_at, workers

if TYPE_CHECKING:
    from flask import Flask

    from halls.mongo.client import Db
    from tests.api_client import ApiResponse

__all__ = ["workers"]
FREE = 20
UNKNOWN = "unknown@example.com"


@pytest.fixture
def servers(workers: list[Flask], db: Db) -> list[Flask]:
    """Two workers with limits and without counts. An account exists."""
    db.rate_limit_counters.delete_many({})
    client_at(workers[0], network(0)).sign_up(email=EMAIL)
    return workers


def network(number: int) -> str:
    """Return the address of a client in a network of its own."""
    return f"10.{number // 250}.{number % 250}.1"


def log_in(app: Flask, address: str, password: str = PASSWORD, email: str = EMAIL) -> ApiResponse:
    """Log in from an address."""
    return client_at(app, address).post("/auth/login", {"email": email, "password": password})


def fail_from(servers: list[Flask], first: int, last: int, email: str = EMAIL) -> set[int]:
    """Fail once from each of several networks, on both workers in turn. Return the statuses."""
    return {log_in(servers[each % 2], network(each), "wrong password", email).status for each in range(first, last + 1)}


def end_pauses(db: Db) -> None:
    """Go on as after the pauses."""
    db.rate_limit_counters.delete_many({"_id": {"$regex": "^login-pause/"}})


@pytest.mark.parametrize("email", [EMAIL, UNKNOWN])
def test_after_many_failures_only_networks_that_failed_wait(servers: list[Flask], email: str) -> None:
    assert fail_from(servers, 1, FREE, email) == {401}
    # A network that failed before the pauses began may try once, then it waits.
    assert log_in(servers[0], network(1), "wrong password", email).status == 401
    waiting = log_in(servers[1], network(1), PASSWORD, email)
    assert (waiting.status, waiting.code) == (429, "rate_limited")
    assert 1 <= int(waiting.headers["Retry-After"]) <= 30
    # A network that fails now waits after its first failure.
    assert log_in(servers[0], network(77), "wrong password", email).status == 401
    assert log_in(servers[1], network(77), "wrong password", email).status == 429
    expected = 200 if email == EMAIL else 401
    assert log_in(servers[1], network(500), PASSWORD, email).status == expected


def test_the_wait_grows_with_the_failures_and_ends(servers: list[Flask], db: Db) -> None:
    assert [pause.seconds if (pause := pause_after(each)) else 0 for each in (19, 20, 29, 30, 60, 70, 10**9)] == [
        *(0, 30, 30, 60, 480, 900, 900)
    ]
    fail_from(servers, 1, 61)
    log_in(servers[0], network(1), "wrong password")
    assert 240 < int(log_in(servers[1], network(1)).headers["Retry-After"]) <= 480
    assert log_in(servers[1], network(500)).status == 200
    end_pauses(db)
    assert log_in(servers[0], network(1)).status == 200
    # The right password ends the wait of its network.
    assert [log_in(server, network(1)).status for server in servers * 2] == [200] * 4


def test_of_many_tries_at_once_after_a_pause_only_one_is_compared(
    servers: list[Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_concurrent_hashing(monkeypatch)
    fail_from(servers, 1, FREE)
    rivals = [servers[number % 2] for number in range(8)]
    statuses = at_once([lambda app=app: log_in(app, network(1), "wrong password").status for app in rivals])  # type: ignore[misc] # bound early
    assert sorted(statuses) == [401, *[429] * 7]


def test_a_stranger_cannot_lock_an_account_out(servers: list[Flask]) -> None:
    fail_from(servers, 1, 90)
    assert {log_in(servers[each % 2], network(600 + each)).status for each in range(10)} == {200}
    # Other addresses do not wait, from no network.
    assert log_in(servers[0], network(1), PASSWORD, UNKNOWN).status == 401


def test_a_reset_ends_the_wait_of_its_network(servers: list[Flask], db: Db) -> None:
    fail_from(servers, 1, FREE + 1)
    assert log_in(servers[0], network(FREE + 1)).status == 429
    account: Any = db.users.find_one()
    insert_reset(db, account["_id"], hash_token("t" * 43), expires_at=utc_now() + timedelta(minutes=9), now=utc_now())
    body = {"token": "t" * 43, "new_password": "another lime kettle"}
    assert client_at(servers[1], network(FREE + 1)).post("/auth/reset-password", body).status == 200
    assert log_in(servers[0], network(FREE + 1), "another lime kettle").status == 200
    assert log_in(servers[0], network(FREE), "wrong password").status == 401
    assert log_in(servers[0], network(FREE), "another lime kettle").status == 429


def test_the_networks_of_one_ipv6_customer_wait_together(servers: list[Flask]) -> None:
    fail_from(servers, 1, FREE)
    tries = [log_in(servers[0], f"2001:db8:1:2{each:02x}::1", "wrong password").status for each in range(9)]
    assert tries == [401] * 4 + [429] * 5
    assert log_in(servers[0], "2001:db8:2:200::1").status == 200
