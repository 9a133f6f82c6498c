"""The limit of failed logins for each network: LOGIN_LIMIT, across workers, and without the counters' storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from halls.accounts import service
from halls.errors import NotFound
from halls.http import rate_limits
from halls.http.rate_limits import Limit, RateLimiter
from halls.server.startup import make_server_app
from tests.accounts.concurrency import at_once
from tests.api_client import ApiClient, ApiResponse
from tests.conftest import make_config
from tests.factories import PASSWORD
from tests.http.limiters import close, close_storage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from halls.mongo.client import Db

EMAIL = "ayesha@example.com"
HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"
NOWHERE = "mongodb://127.0.0.1:1/counters"
AMOUNT = 4


@pytest.fixture(scope="session")
def workers(worker_uri: str) -> Iterator[list[Flask]]:
    """Two applications with a limit of failed logins on one database, like two workers."""
    config = make_config(mongo_uri=worker_uri, rate_limits="on", login_limit=AMOUNT)
    apps = [make_server_app(config) for _ in range(2)]
    yield apps
    for app in apps:
        close(app)


@pytest.fixture
def clients(workers: list[Flask], db: Db) -> list[ApiClient]:
    """A client of each worker, both at HOME. An account exists."""
    db.rate_limit_counters.delete_many({})
    client_at(workers[0]).sign_up(email=EMAIL)
    return [client_at(worker) for worker in workers]


def client_at(app: Flask, address: str = HOME) -> ApiClient:
    """Return a client whose requests come from `address`."""
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    return ApiClient(client)


def log_in(api: ApiClient, email: str = EMAIL, password: str = PASSWORD) -> ApiResponse:
    """Log in."""
    return api.post("/auth/login", {"email": email, "password": password})


def fail(api: ApiClient, number: int) -> int:
    """Log in with an unknown address. Return the status."""
    return log_in(api, f"nobody{number}@example.com").status


def test_only_failed_logins_count(workers: list[Flask], clients: list[ApiClient]) -> None:
    assert {log_in(clients[number % 2]).status for number in range(3 * AMOUNT)} == {200}
    assert {clients[0].post("/auth/login", {"email": EMAIL}).status for _ in range(3 * AMOUNT)} == {422}
    assert {fail(clients[number % 2], number) for number in range(AMOUNT)} == {401}
    for client in clients:
        limited = log_in(client)
        assert (limited.status, limited.code) == (429, "rate_limited")
        assert 1 <= int(limited.headers["Retry-After"]) <= 60
        assert (limited.headers["RateLimit-Limit"], limited.headers["RateLimit-Remaining"]) == (str(AMOUNT), "0")
    assert log_in(client_at(workers[0], ELSEWHERE)).status == 200


def test_logins_with_the_right_password_cannot_occupy_the_hashing(
    workers: list[Flask], clients: list[ApiClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    find_matching_form = service.find_matching_form

    def record_call(stored: str | None, given: str) -> str | None:
        hashed.append(given)
        return find_matching_form(stored, given)

    monkeypatch.setattr(service, "find_matching_form", record_call)
    statuses = [log_in(clients[number % 2]).status for number in range(130)]
    assert statuses == [200] * 120 + [429] * 10
    assert len(hashed) == 120
    assert log_in(client_at(workers[0], ELSEWHERE)).status == 200


def test_concurrent_failures_do_not_exceed_the_limit(workers: list[Flask], clients: list[ApiClient]) -> None:
    assert len(clients) == len(workers)
    rivals = [client_at(workers[number % 2]) for number in range(4 * AMOUNT)]
    statuses = at_once([lambda api=api, number=n: fail(api, number) for n, api in enumerate(rivals)])  # type: ignore[misc] # bound early
    assert statuses.count(401) == AMOUNT
    assert statuses.count(429) == 3 * AMOUNT


def test_a_limit_of_another_caller_is_not_used_up(clients: list[ApiClient], db: Db) -> None:
    assert {fail(clients[0], number) for number in range(AMOUNT)} == {401}
    db.rate_limit_counters.delete_many({})
    assert log_in(clients[0]).status == 200


def test_the_default_is_30() -> None:
    assert make_config().login_limit == 30


def test_without_storage_each_process_counts_failures(
    worker_uri: str, clients: list[ApiClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "STORAGE_SECONDS", 0.05)
    config = make_config(mongo_uri=worker_uri, rate_limits="on", login_limit=AMOUNT, rate_limit_storage_uri=NOWHERE)
    app = make_server_app(config)
    assert {fail(client_at(app), number) for number in range(AMOUNT)} == {401}
    assert log_in(client_at(app)).status == 429
    assert log_in(client_at(app, ELSEWHERE)).status == 200
    assert log_in(clients[0]).status == 200
    close(app)


def test_without_storage_a_lenient_limit_is_not_enforced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "STORAGE_SECONDS", 0.05)
    limiter = RateLimiter(make_config(rate_limits="on", rate_limit_storage_uri=NOWHERE, mongo_uri=NOWHERE))
    for _ in range(3):
        with pytest.raises(NotFound), limiter.count_failures(Limit("lenient", 1, 60), NotFound, "a"):
            raise NotFound
    close_storage(limiter)
