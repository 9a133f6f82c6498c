"""Search compared with its reference: random venues, bookings and queries, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.factories import bare_venue_document, day, index_all
from tests.search.queries import find_all
from tests.search.reference import reference_search

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document
    from tests.api_client import ApiClient

# Days from today: yesterday, today and the next two days.
AHEAD = [-1, 0, 1, 2]
# Distinct places differ in their distance to every queried place. None lies on the edge of a queried circle.
PLACES = [[67.0, 24.86], [67.0, 24.86], [67.03, 24.87], [67.2, 24.9], [68.4, 25.4], [74.35, 31.55], [-179.9, -45.0]]
PRICES = [0, 0.5, 100, 100.0, 250.75, 1_000_000_000]
CAPACITIES = [1, 100, 100.0, 150, 100_000]
FILTERS: list[dict[str, Any]] = [
    {"type": "Hall"},
    {"type": "Banquet"},
    {"capacity_min": 100},
    {"capacity_min": 0, "capacity_max": 100},
    {"capacity_max": 2**31},
    {"price_min": 0},
    {"price_min": 0.25},
    {"price_max": 100},
    {"price_min": 100, "price_max": 250.75},
]
PLACE_QUERIES: list[dict[str, Any]] = [
    {"near_lat": 24.86, "near_lng": 67.0},
    {"near_lat": 24.86, "near_lng": 67.0, "near_km": 0.1},
    {"near_lat": 24.95, "near_lng": 67.1, "near_km": 25},
    {"near_lat": 24.95, "near_lng": 67.1, "near_km": 500},
    {"near_lat": 31.5, "near_lng": 74, "near_km": 500},
]

# Days often repeat: the first override of a day counts. None stands for an override without a price.
overrides = st.lists(
    st.fixed_dictionaries({"ahead": st.sampled_from([0, 0, 1, 1, 2, -1]), "price": st.sampled_from([*PRICES, None])}),
    min_size=3,
    max_size=6,
)
venue = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["Hall", "Lawn"]),
        "capacity": st.sampled_from(CAPACITIES),
        "place": st.sampled_from(PLACES),
        # Most venues offer every day: otherwise a query with a date would find too few venues to sort.
        "offered": st.sampled_from([[2, -1, 0, 1]] * 4 + [None, [], [1], [0, 0, 2]]),
        "overrides": st.one_of(st.none(), st.just([]), overrides, overrides, overrides),
        # Each day has at most one active booking, and any number of cancelled ones.
        "active": st.sampled_from([{}] * 4 + [{0: "pending"}, {1: "confirmed"}, {0: "confirmed", 1: "pending"}]),
        "cancelled": st.sampled_from([[], [0, 1, 1]]),
    }
)


@st.composite
def draw_query(draw: st.DrawFn) -> dict[str, Any]:
    """Draw query parameters that the contract allows; `ahead` stands for the date."""
    query: dict[str, Any] = {}
    for filter_ in draw(st.permutations(FILTERS))[: draw(st.sampled_from([0, 0, 1, 2]))]:
        query |= filter_ if not query.keys() & filter_.keys() else {}
    sorts = ["newest", "capacity", "-capacity"]
    if draw(st.booleans()):
        query |= draw(st.sampled_from(PLACE_QUERIES))
        sorts += ["distance"] * 2
    if draw(st.sampled_from([True, True, False])):
        query["ahead"] = draw(st.sampled_from([0, 0, 1, 1, 2, -1]))
        sorts += ["price", "-price"] * 3
    sort = draw(st.sampled_from([None, *sorts]))
    return query | ({"sort": sort} if sort else {})


def as_documents(drawn_venues: list[Any]) -> tuple[list[Document], list[Document]]:
    """Return the drawn venues and bookings as MongoDB documents."""
    venue_documents, bookings = [], []
    for drawn in drawn_venues:
        fields: Document = {"type": drawn["type"], "capacity": drawn["capacity"]}
        fields["maps_location"] = {"type": "Point", "coordinates": drawn["place"]}
        if drawn["offered"] is not None:
            fields["dates_available"] = [day(ahead) for ahead in drawn["offered"]]
        if drawn["overrides"] is not None:
            rows = [
                {"date": day(override["ahead"])} | ({} if override["price"] is None else {"price": override["price"]})
                for override in drawn["overrides"]
            ]
            fields["pricing"] = {"overrides": rows}
        venue_documents.append(bare_venue_document(ObjectId(), **fields))
        statuses = [*drawn["active"].items(), *((ahead, "cancelled") for ahead in drawn["cancelled"])]
        row = {"venue_id": venue_documents[-1]["_id"], "user_id": ObjectId()}
        bookings += [{"_id": ObjectId(), **row, "date": day(ahead), "status": status} for ahead, status in statuses]
    return venue_documents, bookings


def with_date(query: dict[str, Any]) -> dict[str, Any]:
    """Return the query with a date in place of `ahead`."""
    dated_query = {name: value for name, value in query.items() if name != "ahead"}
    return dated_query | ({"date": day(query["ahead"])} if "ahead" in query else {})


@settings(
    deadline=None,
    max_examples=40,
    database=None,
    # Shrinking takes minutes, and the examples are small without it.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    drawn_venues=st.lists(venue, min_size=6, max_size=12),
    queries=st.lists(draw_query(), min_size=5, max_size=5),
    limit=st.sampled_from([1, 1, 2, 3, 100]),
)
def test_search_returns_the_same_venues_in_the_same_order_as_the_reference(
    api: ApiClient, db: Db, drawn_venues: list[Any], queries: list[dict[str, Any]], limit: int
) -> None:
    venue_documents, bookings = as_documents(drawn_venues)
    for name, documents in (("venues", venue_documents), ("bookings", bookings)):
        db[name].delete_many({})
        if documents:
            db[name].insert_many(documents)
    index_all(db)
    for query in map(with_date, queries):
        venues = find_all(api, limit, **query)
        matches = reference_search(venue_documents, bookings, query, day(0))
        assert [venue["id"] for venue in venues] == [str(match.venue["_id"]) for match in matches]
        assert [venue["price"] for venue in venues] == [match.price for match in matches]
        assert [venue["distance_km"] for venue in venues] == [
            match.distance_km if match.distance_km is None else pytest.approx(match.distance_km, abs=0.001)
            for match in matches
        ]
