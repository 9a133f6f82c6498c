"""Limits in steps: searches and availability of one network (SEARCH_LIMIT), and orders, over workers, and the cost."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from limits.storage import MemoryStorage
from pymongo.read_concern import ReadConcern

from halls.http import step_limits
from halls.http.rate_limits import Limit, RateLimiter, network_of
from halls.http.step_limits import StepLimiter
from halls.server.startup import make_server_app
from tests.conftest import make_config
from tests.factories import day
from tests.http.limiters import close, close_storage
from tests.http.test_network_limits import is_accepted
from tests.http.test_rate_limits import ELSEWHERE, HOME, NOWHERE, assert_limited, client_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from halls.mongo.client import Db

AMOUNT = 40
STEP = AMOUNT // 20
SEARCH = "/venues/search"


@pytest.fixture
def workers(worker_uri: str, db: Db) -> Iterator[list[Flask]]:
    """Two applications with a limit of searches on one database, like two workers."""
    db.rate_limit_counters.delete_many({})
    settings: dict[str, Any] = {"rate_limits": "on", "search_limit": AMOUNT}
    apps = [make_server_app(make_config(mongo_uri=worker_uri, **settings)) for _ in range(2)]
    yield apps
    for app in apps:
        close(app)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The clock of the counts in the process. Set `now` to move it."""
    clock = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(step_limits, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def make_limiter(worker_uri: str, db: Db) -> Iterator[Callable[..., StepLimiter]]:
    """Return a function that makes the limiter of another process."""
    db.rate_limit_counters.delete_many({})
    opened: list[RateLimiter] = []

    def make(amount: int = AMOUNT, **settings: Any) -> StepLimiter:
        limiter = RateLimiter(make_config(**{"mongo_uri": worker_uri, "rate_limits": "on", **settings}))
        opened.append(limiter)
        return StepLimiter(limiter, Limit("search", amount, 60))

    yield make
    for limiter in opened:
        # A limiter without limits has no connection.
        if not isinstance(limiter._storage, MemoryStorage):  # noqa: SLF001 - as in close_storage
            close_storage(limiter)


def count_accepted(limiter: StepLimiter, *addresses: str) -> int:
    """Search once from each address. Return the number of accepted searches."""
    return sum(is_accepted(lambda one=one: limiter.count(network_of(one))) for one in addresses)  # type: ignore[misc] # bound early


def test_one_worker_accepts_exactly_the_limit(workers: list[Flask]) -> None:
    api = client_at(workers[0], HOME)
    assert [api.get(SEARCH).status for _ in range(AMOUNT)] == [200] * AMOUNT
    assert_limited(api.get(SEARCH), AMOUNT, 60)
    assert client_at(workers[0], ELSEWHERE).get(SEARCH).status == 200


@pytest.mark.parametrize("path", [f"availability?date={day(1)}", f"alternatives?date={day(1)}"])
def test_availability_and_alternatives_count_as_searches(workers: list[Flask], path: str) -> None:
    api = client_at(workers[0], HOME)
    assert {api.get(f"/venues/{ObjectId()}/{path}").status for _ in range(AMOUNT)} == {404}
    assert_limited(api.get(f"/venues/{ObjectId()}/{path}"), AMOUNT, 60)
    assert_limited(api.get(SEARCH), AMOUNT, 60)
    assert api.get(f"/venues/{ObjectId()}").status == 404


def test_two_workers_accept_at_most_one_step_more_each(workers: list[Flask]) -> None:
    apis = [client_at(app, HOME) for app in workers]
    statuses = [apis[number % 2].get(SEARCH).status for number in range(2 * AMOUNT)]
    accepted = statuses.count(200)
    assert AMOUNT <= accepted <= AMOUNT + 2 * STEP
    assert statuses == [200] * accepted + [429] * (2 * AMOUNT - accepted)


def test_the_limit_is_over_after_a_minute(make_limiter: Callable[..., StepLimiter], clock: SimpleNamespace) -> None:
    limiter = make_limiter(rate_limit_storage_uri="memory://")
    assert count_accepted(limiter, *[HOME] * 2 * AMOUNT) == AMOUNT
    clock.now += 61
    # The storage has a clock of its own, so its counter is still full: the next step is rejected.
    assert count_accepted(limiter, *[HOME] * AMOUNT) == STEP - 1


def test_the_shared_counter_is_written_once_a_step(make_limiter: Callable[..., StepLimiter], db: Db) -> None:
    limiter = make_limiter(amount=600)
    assert count_accepted(limiter, *[HOME] * 599) == 599
    # The counters are written with w: 1.
    (counter,) = db.get_collection("rate_limit_counters", read_concern=ReadConcern("local")).find()
    assert counter["count"] == 19
    assert count_accepted(limiter, *[HOME] * 100) == 1


def test_rare_searches_are_never_written(
    make_limiter: Callable[..., StepLimiter], db: Db, clock: SimpleNamespace
) -> None:
    limiter = make_limiter(amount=600)
    for _ in range(3):
        assert count_accepted(limiter, *[HOME] * 29) == 29
        clock.now += 61
    assert db.rate_limit_counters.count_documents({}) == 0


@pytest.mark.parametrize(
    ("amount", "addresses", "accepted"),
    [
        # One /64, then the networks of a /56 (four times the limit) and of a /48 (sixteen times the limit).
        (40, ["2001:db8::{}"], 40),
        (40, ["2001:db8:0:{}::1"], 160),
        (40, ["2001:db8:0:{}00::1"], 640),
        (1, ["2001:db8::{}"], 1),
    ],
)
def test_many_networks_of_one_customer_share_wider_limits(
    make_limiter: Callable[..., StepLimiter], amount: int, addresses: list[str], accepted: int
) -> None:
    limiter = make_limiter(amount=amount)
    step = max(1, amount // 20)
    many = [addresses[0].format(f"{number % 256:x}") for number in range(3 * accepted)]
    # Steps are rejected while the wide limit is full, and so are the searches between them.
    assert accepted - step <= count_accepted(limiter, *many) <= accepted + step
    assert count_accepted(limiter, "2001:db9::1") == 1


def test_searches_pass_while_the_counters_are_unreachable(make_limiter: Callable[..., StepLimiter]) -> None:
    limiter = make_limiter(amount=1, rate_limit_storage_uri=NOWHERE)
    assert count_accepted(limiter, *[HOME] * 5) == 5


def test_searches_have_no_limit_with_rate_limits_off(make_limiter: Callable[..., StepLimiter]) -> None:
    assert count_accepted(make_limiter(amount=1, rate_limits="off"), *[HOME] * 5) == 5


def test_the_counts_of_many_networks_take_bounded_memory(
    make_limiter: Callable[..., StepLimiter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_limits, "MAX_NETWORKS", 10)
    limiter = make_limiter(amount=600)
    assert count_accepted(limiter, *[f"10.0.{number // 250}.{number % 250}" for number in range(1_000)]) == 1_000
    assert len(limiter._counts) <= 10  # noqa: SLF001 - the memory is the subject
