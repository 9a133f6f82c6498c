"""The queries of the worker and of the metrics do not read the thousands of deliveries that they do not need."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.clock import utc_now
from halls.mongo.client import connect
from halls.mongo.indexes import ensure_collections
from halls.webhooks import delivery_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db

NOW = utc_now()
PENDING = {"status": "pending"}
DEAD, WELL = ObjectId(), ObjectId()
DUE = {**PENDING, "due_at": {"$lte": NOW}}
QUERIES: dict[str, dict[str, Any]] = {
    "the webhooks with a due delivery": {"distinct": "webhook_deliveries", "key": "webhook_id", "query": DUE},
    "the next delivery of a webhook": {
        "find": "webhook_deliveries",
        "filter": {**DUE, "webhook_id": DEAD},
        "sort": {"due_at": 1, "_id": 1},
        "limit": 1,
    },
    "the number of pending deliveries": {"count": "webhook_deliveries", "query": PENDING},
    "the oldest delivery without an attempt": {
        "find": "webhook_deliveries",
        "filter": {**PENDING, "tries": 0},
        "sort": {"due_at": 1},
        "limit": 1,
    },
}


@pytest.fixture
def filled(fresh_uri: str) -> Iterator[Db]:
    """A database with the deliveries of a webhook that works, and of one that does not."""
    db = connect(fresh_uri)
    ensure_collections(db, [delivery_store.COLLECTION])
    row = {"due_at": NOW - timedelta(hours=1), "tries": 3, "created_at": NOW}
    rows = [{**row, "webhook_id": WELL, "status": "delivered"} for _ in range(500)]
    rows += [{**row, "webhook_id": DEAD, "status": "pending"} for _ in range(500)]
    db.webhook_deliveries.insert_many({**each, "_id": ObjectId(), "event_id": ObjectId()} for each in rows)
    yield db
    db.client.close()


def test_each_query_reads_at_most_one_delivery(filled: Db) -> None:
    for name, query in QUERIES.items():
        explained = filled.command("explain", query, verbosity="executionStats")
        assert explained["executionStats"]["totalDocsExamined"] <= 1, name
        assert "'SORT'" not in repr(explained["queryPlanner"]["winningPlan"]), name
        if "distinct" in query:
            # One key of each webhook.
            assert explained["executionStats"]["totalKeysExamined"] < 10
    assert delivery_store.list_due_webhooks(filled, NOW) == [DEAD]
    assert delivery_store.count_pending_deliveries(filled) == (500, None)
    claimed = delivery_store.claim_delivery(filled, DEAD, NOW)
    assert claimed is not None
    assert claimed["tries"] == 4
