"""Limits by network: wider IPv6 networks of one customer, and sign-ups and orders of many accounts in an hour."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from halls.accounts.account import BadCredentials, account_from_document
from halls.accounts.routes import SIGNUPS
from halls.accounts.tokens import make_token
from halls.clock import utc_now
from halls.errors import RateLimited
from halls.http.rate_limits import Limit, MongoCounters, RateLimiter, network_of
from halls.server.startup import make_server_app
from tests.conftest import SECRET, make_config
from tests.factories import day, insert_user
from tests.http.limiters import close, run_limited_app
from tests.http.test_rate_limits import ELSEWHERE, HOME, NOWHERE, client_at, make_limiter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from halls.mongo.client import Db


@pytest.fixture
def limited_app(worker_uri: str, db: Db) -> Iterator[Flask]:
    """An application with limits."""
    yield from run_limited_app(worker_uri, db)


def is_accepted(request: Callable[[], object]) -> bool:
    """Return whether a request is within the limits."""
    try:
        request()
    except RateLimited:
        return False
    return True


def count_accepted(limiter: RateLimiter, limit: Limit, networks: list[str], *more: str) -> int:
    """Hit a limit from each network. Return the number of requests within it."""
    return sum(is_accepted(lambda one=one: limiter.hit(limit, network_of(one), *more)) for one in networks)  # type: ignore[misc] # bound early


def test_a_network_may_send_200_sign_ups_an_hour(limited_app: Flask) -> None:
    limiter: RateLimiter = limited_app.extensions["halls"].rate_limiter
    statuses: list[int] = []
    for _ in range(11):
        statuses += [client_at(limited_app, HOME).post("/auth/signup", {}).status for _ in range(20)]
        # As after a minute.
        limiter.reset(SIGNUPS, HOME)
    assert statuses == [422] * 200 + [429] * 20
    assert client_at(limited_app, ELSEWHERE).post("/auth/signup", {}).status == 422


@pytest.fixture
def tokens(db: Db) -> list[str]:
    """Tokens of eleven accounts."""
    users = [insert_user(db, email=f"u{number}@example.com") for number in range(11)]
    accounts = [account_from_document(user) for user in users]  # type: ignore[arg-type] # a document of `users`
    return [make_token(account, secret=SECRET, now=utc_now(), hours=1)[0] for account in accounts]


def test_a_network_may_send_300_orders_an_hour_from_many_accounts(limited_app: Flask, tokens: list[str]) -> None:
    statuses = [
        client_at(limited_app, HOME).post("/bookings", {}, token=token).status for token in tokens for _ in range(28)
    ]
    assert statuses == [422] * 300 + [429] * 8
    assert client_at(limited_app, ELSEWHERE).post("/bookings", {}, token=tokens[-1]).status == 422


def test_two_workers_accept_at_most_a_step_of_orders_more(
    limited_app: Flask, worker_uri: str, tokens: list[str]
) -> None:
    other = make_server_app(make_config(mongo_uri=worker_uri, rate_limits="on"))
    apis = [client_at(app, HOME) for app in (limited_app, other)]
    senders = [token for token in tokens for _ in range(30)]
    statuses = [apis[number % 2].post("/bookings", {}, token=token).status for number, token in enumerate(senders)]
    close(other)
    # A step has 15 orders.
    assert 300 <= statuses.count(422) < 300 + 2 * 15
    assert set(statuses) == {422, 429}


def test_an_order_writes_the_two_counters_of_its_account(limited_app: Flask, db: Db, tokens: list[str]) -> None:
    order = {"venue_id": str(ObjectId()), "date": day(1), "guests": 1}
    assert client_at(limited_app, HOME).post("/bookings", order, token=tokens[0]).code == "not_found"
    # The counters are written with w: 1.
    counters = db.get_collection("rate_limit_counters", read_concern=ReadConcern("local")).find()
    assert sorted(counter["_id"].partition("/")[0] for counter in counters) == ["booking", "booking_of_venue"]


# Each request has its own /64. One customer has them all.
IN_ONE_56 = [f"2001:db8:1:2{number:02x}::1" for number in range(256)]
IN_ONE_48 = [f"2001:db8:1:{number:x}00::1" for number in range(256)]
IN_NONE = [f"2001:db8:{number:x}::1" for number in range(256)]


@pytest.mark.parametrize(("networks", "accepted"), [(IN_ONE_56, 12), (IN_ONE_48, 48), (IN_NONE, 256)])
def test_many_ipv6_networks_of_one_customer_share_a_wider_limit(networks: list[str], accepted: int) -> None:
    limiter, limit = make_limiter(mongo_uri=NOWHERE, rate_limit_storage_uri="memory://"), Limit("wide", 3, 60)
    assert count_accepted(limiter, limit, networks) == accepted
    assert count_accepted(limiter, limit, networks, "a@example.com") == accepted
    by_account = Limit("account", 3, 60, by_account=True)
    assert count_accepted(limiter, by_account, ["65a0c0ffee0123456789abcd"] * 5) == 3


def test_failures_from_many_ipv6_networks_of_one_customer_are_limited() -> None:
    limiter, limit = make_limiter(mongo_uri=NOWHERE, rate_limit_storage_uri="memory://"), Limit("failed", 3, 60)

    def fail(address: str) -> None:
        with suppress(BadCredentials), limiter.count_failures(limit, BadCredentials, network_of(address)):
            raise BadCredentials

    accepted = [is_accepted(lambda address=address: fail(address)) for address in IN_ONE_56[:20]]  # type: ignore[misc] # bound early
    assert accepted == [True] * 12 + [False] * 8


def test_a_reset_also_deletes_the_counts_of_the_wider_networks() -> None:
    limiter, limit = make_limiter(mongo_uri=NOWHERE, rate_limit_storage_uri="memory://"), Limit("login", 3, 60)
    for _ in range(20):
        limiter.hit(limit, network_of(IN_ONE_56[0]))
        limiter.reset(limit, network_of(IN_ONE_56[0]))
    assert count_accepted(limiter, limit, IN_ONE_56) == 12


def test_sign_ups_from_many_ipv6_networks_of_one_customer_are_limited(limited_app: Flask) -> None:
    statuses = [client_at(limited_app, address).post("/auth/signup", {}).status for address in IN_ONE_56[:90]]
    assert statuses == [422] * 80 + [429] * 10


def test_two_first_requests_at_once_are_both_counted(limited_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = limited_app.extensions["halls"].rate_limiter
    upsert = MongoCounters._upsert  # noqa: SLF001 - the first query of two

    def be_too_late(counters: MongoCounters, *args: Any) -> Any:
        monkeypatch.setattr(MongoCounters, "_upsert", upsert)
        upsert(counters, *args)
        raise DuplicateKeyError("E11000")

    monkeypatch.setattr(MongoCounters, "_upsert", be_too_late)
    headers = limiter.hit(Limit("pair", 5, 60), HOME)
    assert headers["RateLimit-Remaining"] == "3"
