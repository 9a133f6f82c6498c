"""Limits of a day bound what one account stores and sends: each route of a kind counts for its limit."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.server.startup import make_server_app
from halls.venues import routes as venue_routes
from halls.webhooks import routes as webhook_routes
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.factories import day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from halls.http.rate_limits import Limit
    from halls.mongo.client import Db

HOOK = {"url": "http://127.0.0.1:9/"}


@pytest.fixture
def limited_app(worker_uri: str, db: Db) -> Iterator[Flask]:
    """An application that counts in memory; the database is empty."""
    assert db.users.count_documents({}) == 0
    app = make_server_app(make_config(mongo_uri=worker_uri, rate_limits="on", rate_limit_storage_uri="memory://"))
    with closing(app.extensions["halls"].db.client):
        yield app


def use_up(app: Flask, limit: Limit, account_id: str, *, left: int) -> None:
    """Count requests of an account until `left` are left in the limit."""
    for _ in range(limit.amount - left):
        app.extensions["halls"].rate_limiter.add(limit, account_id)


@pytest.mark.parametrize(
    ("row", "body"),
    [
        ("PATCH /venues/{}", {"capacity": 7}),
        ("POST /venues/{}/calendar", {"changes": [{"do": "offer", "dates": [day(3)], "price": 5}]}),
    ],
)
def test_an_owner_changes_venues_1000_times_a_day(limited_app: Flask, row: str, body: Any) -> None:
    api = ApiClient(limited_app.test_client())
    session = api.sign_up(is_venue_owner=True)
    method, path = row.format(api.list_venue(session["token"])).split(" ")
    use_up(limited_app, venue_routes.CHANGES_A_DAY, session["profile"]["id"], left=1)
    answers = [api.send(method, path, body, token=session["token"]) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 429]


@pytest.mark.parametrize(
    ("row", "body"),
    [
        ("POST /webhooks", HOOK),
        ("PATCH /webhooks/{}", {"description": "x"}),
        ("POST /webhooks/{}/rotate-secret", None),
        ("POST /webhooks/{}/test", None),
        ("POST /webhooks/{}/replay", {"event_id": str(ObjectId())}),
    ],
)
def test_an_account_changes_and_tests_webhooks_200_times_a_day(limited_app: Flask, row: str, body: Any) -> None:
    api = ApiClient(limited_app.test_client())
    session = api.sign_up()
    hook = api.post("/webhooks", HOOK, token=session["token"]).data["webhook_id"]
    method, path = row.format(hook).split(" ")
    # The webhook above counts, too.
    use_up(limited_app, webhook_routes.CHANGES_A_DAY, session["profile"]["id"], left=2)
    answers = [api.send(method, path, body, token=session["token"]) for _ in range(2)]
    assert [answer.status // 100 for answer in answers] == [2, 4]
    assert answers[1].code == "rate_limited"
