"""Search against its reference: random venues, bookings and questions, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.api_client import day
from tests.external_documents import bare_venue_document, index_all
from tests.search.queries import find_all
from tests.search.reference import reference_search

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document
    from tests.api_client import Api

# Days from today: the one past, today, and two to come.
AHEAD = [-1, 0, 1, 2]
# No two are equally far from a place that is asked from, and none lies on the edge of a circle that is asked for.
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
AROUND: list[dict[str, Any]] = [
    {"near_lat": 24.86, "near_lng": 67.0},
    {"near_lat": 24.86, "near_lng": 67.0, "near_km": 0.1},
    {"near_lat": 24.95, "near_lng": 67.1, "near_km": 25},
    {"near_lat": 24.95, "near_lng": 67.1, "near_km": 500},
    {"near_lat": 31.5, "near_lng": 74, "near_km": 500},
]

# Often two for one day, of which the first decides; None stands for one without a price.
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
        # Most offer every day, or the questions with a date would find nothing to put in order.
        "offered": st.sampled_from([[2, -1, 0, 1]] * 4 + [None, [], [1], [0, 0, 2]]),
        "overrides": st.one_of(st.none(), st.just([]), overrides, overrides, overrides),
        # On each of the days at most one active booking, and any number of cancelled ones.
        "active": st.sampled_from([{}] * 4 + [{0: "pending"}, {1: "confirmed"}, {0: "confirmed", 1: "pending"}]),
        "cancelled": st.sampled_from([[], [0, 1, 1]]),
    }
)


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a question that the contract allows; `ahead` stands for its date."""
    asked: dict[str, Any] = {}
    for one in draw(st.permutations(FILTERS))[: draw(st.sampled_from([0, 0, 1, 2]))]:
        asked |= one if not asked.keys() & one.keys() else {}
    sorts = ["newest", "capacity", "-capacity"]
    if draw(st.booleans()):
        asked |= draw(st.sampled_from(AROUND))
        sorts += ["distance"] * 2
    if draw(st.sampled_from([True, True, False])):
        asked["ahead"] = draw(st.sampled_from([0, 0, 1, 1, 2, -1]))
        sorts += ["price", "-price"] * 3
    sort = draw(st.sampled_from([None, *sorts]))
    return asked | ({"sort": sort} if sort else {})


def as_documents(drawn: list[Any]) -> tuple[list[Document], list[Document]]:
    """Return the venues and bookings that were drawn."""
    kept, bookings = [], []
    for one in drawn:
        fields: Document = {"type": one["type"], "capacity": one["capacity"]}
        fields["maps_location"] = {"type": "Point", "coordinates": one["place"]}
        if one["offered"] is not None:
            fields["dates_available"] = [day(ahead) for ahead in one["offered"]]
        if one["overrides"] is not None:
            rows = [
                {"date": day(override["ahead"])} | ({} if override["price"] is None else {"price": override["price"]})
                for override in one["overrides"]
            ]
            fields["pricing"] = {"overrides": rows}
        kept.append(bare_venue_document(ObjectId(), **fields))
        held = [*one["active"].items(), *((ahead, "cancelled") for ahead in one["cancelled"])]
        row = {"venue_id": kept[-1]["_id"], "user_id": ObjectId()}
        bookings += [{"_id": ObjectId(), **row, "date": day(ahead), "status": status} for ahead, status in held]
    return kept, bookings


def dated(question: dict[str, Any]) -> dict[str, Any]:
    """Return the question with its date for how many days ahead it is."""
    asked = {name: value for name, value in question.items() if name != "ahead"}
    return asked | ({"date": day(question["ahead"])} if "ahead" in question else {})


@settings(
    deadline=None,
    max_examples=40,
    database=None,
    # An example is small as it is, and making it smaller takes minutes.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    drawn=st.lists(venue, min_size=6, max_size=12),
    asked=st.lists(questions(), min_size=5, max_size=5),
    limit=st.sampled_from([1, 1, 2, 3, 100]),
)
def test_search_finds_what_its_reference_finds_in_the_same_order(
    api: Api, db: Db, drawn: list[Any], asked: list[dict[str, Any]], limit: int
) -> None:
    kept, bookings = as_documents(drawn)
    for name, documents in (("venues", kept), ("bookings", bookings)):
        db[name].delete_many({})
        if documents:
            db[name].insert_many(documents)
    index_all(db)
    for question in map(dated, asked):
        found = find_all(api, limit, **question)
        wanted = reference_search(kept, bookings, question, day(0))
        assert [venue["id"] for venue in found] == [str(one.venue["_id"]) for one in wanted]
        assert [venue["price"] for venue in found] == [one.price for one in wanted]
        assert [venue["distance_km"] for venue in found] == [
            one.distance_km if one.distance_km is None else pytest.approx(one.distance_km, abs=0.001) for one in wanted
        ]
