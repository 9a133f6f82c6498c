"""The queries of statistics and of the export read indexes, and only the bookings of the owner and the period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from pymongo.collection import Collection

from halls.accounts.store import find_accounts
from halls.bookings import store as bookings
from halls.http.schema import validate
from halls.mongo.client import connect
from halls.mongo.indexes import ensure_collections
from halls.statistics import service
from halls.statistics.schemas import ExportQuery, StatisticsQuery
from halls.venues import store as venues
from tests.factories import insert_owner, insert_venue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db

PERIOD = {"from": "2021-01-01", "to": "2021-12-31"}
# In the period, of the venues of the owner and of a deleted one.
COUNTED = 240 + 12


@pytest.fixture
def indexed(fresh_uri: str) -> Iterator[Db]:
    """A new database with the indexes. One array makes an index multikey for ever, and other tests insert some."""
    fresh = connect(fresh_uri)
    ensure_collections(fresh, [bookings.COLLECTION, venues.COLLECTION])
    yield fresh
    fresh.client.close()


@pytest.fixture
def owner_id(indexed: Db) -> ObjectId:
    """The id of an owner with 20 venues and a deleted one, whose bookings are a tenth of all."""
    owner_id: ObjectId = insert_owner(indexed)["_id"]
    own = [insert_venue(indexed, owner_id)["_id"] for _ in range(20)]
    others = [ObjectId() for _ in range(180)]
    dates = [f"{year}-{month:02}-14" for year in range(2018, 2024) for month in range(1, 13)]
    documents: list[dict[str, Any]] = [
        {"venue_id": venue_id, "date": date, "status": "confirmed"} for venue_id in own + others for date in dates
    ]
    gone = {"venue_id": ObjectId(), "status": "confirmed", "venue": {"owner_id": owner_id}}
    indexed.bookings.insert_many([*documents, *({**gone, "date": date} for date in dates)])
    return owner_id


class Recorder:
    """Records the filters of `find` and the pipelines of `aggregate` on bookings."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.filters: list[Any] = []
        self.pipelines: list[Any] = []
        find, aggregate = Collection.find, Collection.aggregate

        def record_find(collection: Any, *args: Any, **options: Any) -> Any:
            if collection.name == "bookings":
                self.filters.append(args[0])
            return find(collection, *args, **options)

        def record_aggregate(collection: Any, pipeline: Any, *args: Any, **options: Any) -> Any:
            if collection.name == "bookings":
                self.pipelines.append(pipeline)
            return aggregate(collection, pipeline, *args, **options)

        patch.setattr(Collection, "find", record_find)
        patch.setattr(Collection, "aggregate", record_aggregate)


def find_stages(plan: Any) -> set[str]:
    """Return the names of all stages in a plan."""
    if isinstance(plan, list):
        return set().union(*map(find_stages, plan))
    if not isinstance(plan, dict):
        return set()
    own = {plan["stage"]} if isinstance(plan.get("stage"), str) else set()
    return own.union(*map(find_stages, plan.values()))


def find_value(plan: Any, name: str) -> Any:
    """Return the first value with this name in a plan."""
    if isinstance(plan, dict) and name in plan:
        return plan[name]
    items = plan.values() if isinstance(plan, dict) else plan if isinstance(plan, list) else []
    return next((found for item in items if (found := find_value(item, name)) is not None), None)


@pytest.mark.parametrize("by", ["month", "weekday", "venue"])
def test_the_figures_are_one_aggregation_over_an_index(
    indexed: Db, owner_id: ObjectId, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    owner = find_accounts(indexed, [owner_id])[owner_id]
    with monkeypatch.context() as patch:
        recorder = Recorder(patch)
        shown = service.make_statistics(indexed, owner, validate(StatisticsQuery, {**PERIOD, "by": by}), "2024-01-01")
    assert shown["total"]["booked"] == COUNTED
    assert recorder.filters == []
    [pipeline] = recorder.pipelines
    command = {"aggregate": "bookings", "pipeline": pipeline, "cursor": {}}
    plan = indexed.command("explain", command, verbosity="executionStats")
    assert "IXSCAN" in find_stages(plan)
    assert "COLLSCAN" not in find_stages(plan)
    assert find_value(plan, "totalDocsExamined") <= COUNTED


def test_the_rows_of_the_export_are_read_from_an_index_in_order(
    indexed: Db, owner_id: ObjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = find_accounts(indexed, [owner_id])[owner_id]
    monkeypatch.setattr(service, "BATCH_ROWS", 100)
    with monkeypatch.context() as patch:
        recorder = Recorder(patch)
        pieces = list(service.export_bookings(indexed, owner, validate(ExportQuery, PERIOD), "2024-01-01")[1])
    assert b"".join(pieces).count(b"\r\n") == COUNTED + 1
    assert len(recorder.filters) == 3
    for match in recorder.filters:
        plan = indexed.bookings.find(match).sort(bookings.BY_DATE).limit(100).explain()
        assert "COLLSCAN" not in find_stages(plan)
        assert "SORT" not in find_stages(plan)
        assert find_value(plan, "totalDocsExamined") <= COUNTED
