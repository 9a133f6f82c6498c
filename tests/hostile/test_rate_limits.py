"""Floods of requests that try to avoid the rate limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.hostile.client import LOGIN, RESET, SIGNUP, HostileClient, changed
from tests.hostile.world import U1_MAIL

if TYPE_CHECKING:
    from collections.abc import Callable

WRONG_PASSWORD = "wrong horse 9"
# More than each limit.
MANY = 90


@pytest.fixture
def limited_api(limited_client: HostileClient) -> HostileClient:
    """A client of the application with rate limits; its counters are 0."""
    limited_client.put_back_world()
    limited_client.db.rate_limit_counters.delete_many({})
    return limited_client


def outcomes_of(send: Callable[[int], Any]) -> list[int]:
    """Return the statuses of requests that are sent until one is 429, or MANY were sent."""
    statuses: list[int] = []
    while len(statuses) < MANY and 429 not in statuses:
        statuses.append(send(len(statuses)).status)
    return statuses


def addresses(number: int) -> dict[str, str]:
    """Return headers that claim another address of the client for each number."""
    address = f"10.0.0.{number}"
    headers = {"X_Real_IP": address, "CF_Connecting_IP": address, "True_Client_IP": address}
    return {**headers, "Forwarded": f"for={address}", "X_Forwarded_For": address}


@pytest.mark.parametrize(
    ("path", "body", "accepted"),
    [
        ("/auth/login", lambda number: changed(LOGIN, email=f"r{number}@example.com"), 401),
        ("/auth/login", lambda _: changed(LOGIN, email=f" {U1_MAIL.upper()} ", password=WRONG_PASSWORD), 401),
        ("/auth/signup", lambda number: changed(SIGNUP, email=f"r{number}@example.com"), 201),
        ("/auth/reset-password", lambda number: changed(RESET, token=f"guess{number}"), 422),
    ],
    ids=["one password for many accounts", "one address in capitals", "many accounts", "guessed reset tokens"],
)
def test_a_flood_is_limited(
    limited_api: HostileClient, path: str, body: Callable[[int], dict[str, Any]], accepted: int
) -> None:
    statuses = outcomes_of(lambda number: limited_api.post(path, body(number)))
    assert statuses[-1] == 429
    assert set(statuses[:-1]) == {accepted}


def test_headers_do_not_change_the_address_of_a_client(limited_api: HostileClient) -> None:
    body = changed(LOGIN, password=WRONG_PASSWORD)
    statuses = outcomes_of(lambda number: limited_api.post("/auth/login", body, **addresses(number)))
    assert statuses[-1] == 429
    assert set(statuses[:-1]) == {401}


def test_successful_logins_are_not_limited(limited_api: HostileClient) -> None:
    assert [limited_api.post("/auth/login", LOGIN).status for _ in range(4)] == [200] * 4
