"""Search compared with its reference: random venues, bookings and queries, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from bson import ObjectId
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from halls.search import dense_areas, windows
from tests.factories import bare_venue_document, day, index_all
from tests.search.queries import find_all, read_pages
from tests.search.reference import reference_search

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document
    from tests.api_client import ApiClient

# Days from today: yesterday, today and the next two days.
AHEAD = [-1, 0, 1, 2]
# Distinct places differ in their distance to every queried place. None lies on the edge of a queried circle.
PLACES = [
    [67.0, 24.86],
    [67.0, 24.86],
    [67.004, 24.865],
    [67.03, 24.87],
    [67.2, 24.9],
    [68.4, 25.4],
    [74.35, 31.55],
    [-179.9, -45.0],
]
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
    {"amenities": "water"},
    {"amenities": "water,sound_system"},
    {"q": "al"},
    {"q": "gardens noor"},
    {"q": "HÁLL lahore"},
    {"q": "shadmanabagh"},
    {"q": "1 m"},
    {"q": "\u0634\u0627\u062f\u064a"},
    {"q": "nothing"},
]
# All places but the first two differ in their distance to the edges, and some lie on an edge.
BOXES = [
    "66.9,24.8,67.1,24.9",
    "67,24.86,67.03,24.87",
    "-180,-90,180,90",
    "170,-50,68,30",
    "60,-45,-170,24.86",
    "1,1,2,2",
]
NAMES = [
    "Pearl Hall",
    "Al-Noor Banquet Hall",
    "Gardens of Shadmanabad",
    "Shadmanabagh",
    "Hálls",
    "\u0634\u0627\u062f\u06cc \u06c1\u0627\u0644",
    "alnoor",
]
ADDRESSES = ["1 Main Road, Lahore", "Noor Street 11", "\u0644\u0627\u06c1\u0648\u0631"]
AMENITIES = [{}, {"water": True}, {"water": True, "sound_system": True}, {"water": False, "sound_system": True}]
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
        "venue_name": st.sampled_from(NAMES),
        "address": st.sampled_from(ADDRESSES),
        "amenities": st.sampled_from(AMENITIES),
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
    """Draw query parameters that the contract allows; `days` stands for the date, or for first and last of a range."""
    query: dict[str, Any] = {}
    for filter_ in draw(st.permutations(FILTERS))[: draw(st.sampled_from([0, 0, 1, 2, 3]))]:
        query |= filter_ if not query.keys() & filter_.keys() else {}
    sorts = ["newest", "capacity", "-capacity"]
    place = draw(st.sampled_from(["near", "near", "bbox", None, None]))
    if place == "near":
        query |= draw(st.sampled_from(PLACE_QUERIES))
        sorts += ["distance"] * 2
    if place == "bbox":
        query["bbox"] = draw(st.sampled_from(BOXES))
    days = draw(st.sampled_from(["date", "date", "range", "range", None]))
    if days:
        ends = sorted(draw(st.lists(st.sampled_from([0, 0, 1, 1, 2, -1]), min_size=2, max_size=2)))
        query["days"] = ends[:1] if days == "date" else ends
        query |= draw(st.sampled_from([{}, {}, {"weekdays": "sun,tue,thu"}])) if days == "range" else {}
    if days == "date" or (days == "range" and place == "near"):
        sorts += ["price", "-price"] * 3
    sort = draw(st.sampled_from([None, *sorts]))
    return query | ({"sort": sort} if sort else {})


def as_documents(drawn_venues: list[Any]) -> tuple[list[Document], list[Document]]:
    """Return the drawn venues and bookings as MongoDB documents."""
    venue_documents, bookings = [], []
    for drawn in drawn_venues:
        fields: Document = {"type": drawn["type"], "capacity": drawn["capacity"]}
        fields |= {name: drawn[name] for name in ("venue_name", "address", "amenities")}
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


def with_dates(query: dict[str, Any]) -> dict[str, Any]:
    """Return the query with dates in place of `days`."""
    dates = [day(ahead) for ahead in query.get("days", [])]
    names = ["date"] if len(dates) == 1 else ["date_from", "date_to"]
    return {name: value for name, value in query.items() if name != "days"} | dict(zip(names, dates, strict=False))


@pytest.fixture(params=[None, "dense areas", "windows of 3"])
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int | None:
    """The number of entries that one request examines, or None as in a small installation."""
    if request.param:
        monkeypatch.setattr(dense_areas, "DENSE_COUNT", 1)
        monkeypatch.setattr(dense_areas, "STEP", 3)
        # Without caches: each example has other venues.
        monkeypatch.setattr(windows, "_period", object)
    if request.param != "windows of 3":
        return None
    monkeypatch.setattr(windows, "WINDOW", 3)
    monkeypatch.setattr(windows, "FEW", 2)
    monkeypatch.setattr(windows, "needs_windows", lambda _db: True)
    return 3


@settings(
    deadline=None,
    max_examples=60,
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
    api: ApiClient, db: Db, window: int | None, drawn_venues: list[Any], queries: list[dict[str, Any]], limit: int
) -> None:
    venue_documents, bookings = as_documents(drawn_venues)
    for name, documents in (("venues", venue_documents), ("bookings", bookings)):
        db[name].delete_many({})
        if documents:
            db[name].insert_many(documents)
    index_all(db)
    for query in map(with_dates, queries):
        query["include"] = "price_from"
        pages = read_pages(api, limit, **query) if window else [find_all(api, limit, **query)]
        venues = [venue for page in pages for venue in page]
        matches = reference_search(venue_documents, bookings, query, day(0))
        assert [venue["id"] for venue in venues] == [str(match.venue["_id"]) for match in matches]
        assert [venue["price"] for venue in venues] == [match.price for match in matches]
        assert [venue.get("free") for venue in venues] == [match.free for match in matches]
        assert [venue["price_from"] for venue in venues] == [match.price_from for match in matches]
        assert [venue["distance_km"] for venue in venues] == [
            match.distance_km if match.distance_km is None else pytest.approx(match.distance_km, abs=0.001)
            for match in matches
        ]
        total = api.get(f"/venues/search?{urlencode({**query, 'include': 'total'})}").data["total"]
        assert total == len(matches) or (window and total is None)
