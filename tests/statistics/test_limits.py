"""How often an account may read its figures and exports, with RATE_LIMITS=on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from halls.statistics.routes import EXPORTS, FIGURES
from tests.venues.test_quotas import make_api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db
    from tests.api_client import ApiClient

PERIOD = "from=2026-01-01&to=2026-01-31"


@pytest.fixture
def limited_api(db: Db, worker_uri: str) -> Iterator[ApiClient]:
    """A client of an application with rate limits."""
    db.rate_limit_counters.delete_many({})
    yield from make_api(worker_uri, rate_limits="on")
    db.rate_limit_counters.delete_many({})


@pytest.mark.parametrize(
    ("path", "amount"), [("/statistics", FIGURES.amount), ("/exports/bookings.csv", EXPORTS.amount)]
)
def test_figures_and_exports_are_limited_for_each_account(limited_api: ApiClient, path: str, amount: int) -> None:
    owner, other = limited_api.owner(), limited_api.owner()
    statuses = [limited_api.get(f"{path}?{PERIOD}", token=owner).status for _ in range(amount + 1)]
    assert statuses == [200] * amount + [429]
    assert limited_api.get(f"{path}?{PERIOD}", token=other).status == 200
