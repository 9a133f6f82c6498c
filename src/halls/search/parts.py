"""Parts of a search: each is a filter that one index decides. Bounded searches choose one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pymongo import ASCENDING, DESCENDING

from halls.search.cells import cover
from halls.search.filters import (
    BY_ORDER,
    capacity_filters,
    choose_place_index,
    circle,
    day_filters,
    lowest_and_highest,
)
from halls.search.index import (
    BY_AMENITY,
    BY_CAPACITY,
    BY_CELL,
    BY_DATE,
    BY_HIGHEST_PRICE,
    BY_LOWEST_PRICE,
    BY_TYPE,
    BY_WORD,
)
from halls.search.words import word_filters

if TYPE_CHECKING:
    from halls.mongo.client import Document
    from halls.search.index import Keys
    from halls.search.schemas import SearchQuery

BY_ID: Keys = [("_id", ASCENDING)]


class Part(NamedTuple):
    """An index, and a filter that all matches of a search pass. Only the index is needed to decide it."""

    keys: Keys
    match: Document


def list_parts(query: SearchQuery, today: str) -> list[Part]:
    """Return the parts of a search. Those that usually admit the fewest entries come first."""
    parts = [_near_part(query, today)] if query.near else []
    if query.boxes:
        parts.append(Part(BY_CELL, {"cells": {"$in": [cell for box in query.boxes for cell in cover(box)]}}))
    # The filters on long words are ranges, and an index returns a range in no order.
    words = word_filters(query.q) if query.q else []
    parts += [Part(BY_WORD, one) for one in words if isinstance(one["words"], str)]
    parts += [Part(BY_DATE, one) for one in day_filters(query, today)]
    bounds = lowest_and_highest(query)
    parts += [Part(BY_LOWEST_PRICE if "lowest" in one else BY_HIGHEST_PRICE, one) for one in bounds]
    parts += [Part(BY_TYPE, {"type": query.type})] if query.type else []
    parts += [Part(BY_AMENITY, {"amenities": name}) for name in (query.amenities or "").split(",") if name]
    return parts + [Part(BY_ORDER.get(query.order, BY_CAPACITY), one) for one in capacity_filters(query)]


def order_index(order: str) -> Keys:
    """Return the index of all entries in an order, newest or by capacity."""
    return BY_ORDER.get(order, BY_ID)


def choose_ordered_index(order: str, parts: list[Part]) -> Keys:
    """Return the first index of the parts that returns the entries in an order, otherwise that of all entries."""
    return next((part.keys for part in parts if _is_ordered(part.keys, order)), order_index(order))


def _is_ordered(index: Keys, order: str) -> bool:
    return index[1:2] == [("_id", DESCENDING)] if order == "newest" else index == BY_ORDER[order]


def _near_part(query: SearchQuery, today: str) -> Part:
    on_date = day_filters(query, today)[0] if query.date else {}
    near = query.near or (0.0, 0.0)
    return Part(choose_place_index(query), {**on_date, "maps_location": circle(near, query.radius)})
