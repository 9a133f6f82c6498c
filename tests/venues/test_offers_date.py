"""Whether a venue is offered on a date: the Python rule and its two MongoDB forms give the same result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halls.mongo.client import in_transaction
from halls.venues.price_on_date import offer_expression, offer_filter, offered_dates, offers_date
from halls.venues.store import claim_date

if TYPE_CHECKING:
    from halls.mongo.client import Db

DATE = "2026-12-01"
# Some of these values are not dates: external writers may store any value in the array.
ITEMS: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([DATE, "2026-12-02", "2026-12-1", f"{DATE} ", "$date", "$$this", ""]),
    st.none(),
    st.sampled_from([20261201, 1.5, True, [DATE], {"date": DATE}]),
)
# None of these is an array. A string may equal the date or contain it.
OTHER_VALUES: st.SearchStrategy[Any] = st.sampled_from([None, DATE, f"{DATE};2026-12-02", "", False, 0])
VENUES: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.lists(ITEMS, max_size=4).map(lambda items: {"dates_available": items}),
    OTHER_VALUES.map(lambda value: {"dates_available": value}),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(venues=st.lists(VENUES, min_size=1, max_size=8), date=st.sampled_from([DATE, "2026-12-02", "$date"]))
def test_python_filter_and_expression_agree(db: Db, venues: list[dict[str, Any]], date: str) -> None:
    documents: list[Any] = [{"_id": number, **venue} for number, venue in enumerate(venues)]
    db.venues.delete_many({})
    db.venues.insert_many(documents)
    offered = {venue["_id"] for venue in documents if offers_date(venue, date)}
    assert {venue["_id"] for venue in db.venues.find(offer_filter(date))} == offered
    stages: list[dict[str, Any]] = [
        {"$set": {"date": {"$literal": date}}},
        {"$match": {"$expr": offer_expression("$dates_available", "$date")}},
    ]
    assert {venue["_id"] for venue in db.venues.aggregate(stages)} == offered


@pytest.mark.parametrize(
    ("venue", "is_offered"),
    [
        ({"dates_available": [DATE]}, True),
        ({"dates_available": ["2026-12-02", DATE, DATE]}, True),
        ({"dates_available": [None, 5, {}, DATE]}, True),
        ({"dates_available": ["2026-12-02"]}, False),
        ({"dates_available": [[DATE]]}, False),
        ({"dates_available": DATE}, False),
        ({"dates_available": []}, False),
        ({"dates_available": None}, False),
        ({}, False),
    ],
    ids=str,
)
def test_a_date_is_offered_only_if_it_is_in_the_array(db: Db, venue: dict[str, Any], *, is_offered: bool) -> None:
    stored: Any = {"_id": ObjectId(), **venue}
    db.venues.insert_one(stored)
    assert offers_date(stored, DATE) is is_offered
    claimed = in_transaction(db, lambda session: claim_date(db, stored["_id"], DATE, session))
    assert claimed == (stored | {"rev": 1} if is_offered else None)


def test_offered_dates_keep_their_order_and_leave_out_other_values() -> None:
    venue: Any = {"dates_available": ["2026-12-02", None, DATE, 5, "2026-12-02"]}
    assert offered_dates(venue) == ["2026-12-02", DATE, "2026-12-02"]
