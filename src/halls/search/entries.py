"""Queries on the collection `search_entries`: entries in the order of a search, nearby entries, and their number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from pymongo import ASCENDING, DESCENDING

from halls.search.filters import choose_index, choose_place_index, make_filter, price_paths
from halls.search.index import BY_DATE, SearchEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halls.mongo.client import Db, Document
    from halls.search.index import Keys
    from halls.search.schemas import SearchQuery

# The field and direction of each order. Rows with equal values are sorted by id.
SORTS = {
    "distance": ("distance", ASCENDING),
    "newest": ("_id", DESCENDING),
    "capacity": ("capacity", ASCENDING),
    "-capacity": ("capacity", DESCENDING),
    "price": ("price", ASCENDING),
    "-price": ("price", DESCENDING),
}

BY_PRICE = {"price", "-price"}


class Candidate(SearchEntry, total=False):
    """An entry with what the query adds. Only the fields of `entry_fields` are read."""

    # On the date of the query, or the lowest price of its days.
    price: int | float | None
    # In metres, from the place of the query.
    distance: float


class Batch(NamedTuple):
    """Candidates in the order of the query, and whether they are the last ones."""

    rows: list[Candidate]
    is_last: bool
    # Where a bounded search stopped: all further candidates come after these keys and this id.
    stopped_at: list[Any] | None = None


def find_in_order(
    db: Db,
    query: SearchQuery,
    today: str,
    after: Sequence[Any] | None,
    size: int,
    index: Keys | None = None,
    window: Document | None = None,
) -> Batch:
    """Return at most `size` candidates that come after a row with the keys `after`. The order is not by distance.

    `index` is the index to use, in place of the usual one, and `window` a further filter.
    """
    match, fields = _add(make_filter(query, today), window), entry_fields(query, today)
    if query.order in BY_PRICE:
        # Without the cards, because MongoDB sorts all matching entries.
        index = index or (choose_place_index(query) if query.near else BY_DATE)
        pipeline = _pipeline(match, fields["price"], query, after, size)
        rows = cast("list[Candidate]", list(db.search_entries.aggregate(pipeline, hint=dict(index))))
        return Batch(add_fields(db, rows, fields), len(rows) < size)
    match = _add(match, _beyond(query, after) if after else None)
    hint = index or choose_index(query)
    found = db.search_entries.find(match, fields, sort=list(_sort_keys(query).items()), limit=size, hint=hint)
    rows = cast("list[Candidate]", list(found))
    return Batch(rows, len(rows) < size)


def find_places(
    db: Db, match: Document, fields: Document, size: int, index: Any, sort: Keys | None = None, skip: int = 0
) -> list[Candidate]:
    """Return at most `size` candidates. Without `sort`, in the order in which MongoDB finds them with this index."""
    found = db.search_entries.find(match, fields, limit=size, hint=index, sort=sort, skip=skip)
    return cast("list[Candidate]", list(found))


def add_fields(db: Db, rows: Sequence[Candidate], fields: Document) -> list[Candidate]:
    """Return the rows with these fields of their entries. An entry that was deleted meanwhile is left out."""
    if not rows:
        return []
    ids = [row["_id"] for row in rows]
    found = {entry["_id"]: entry for entry in db.search_entries.find({"_id": {"$in": ids}}, fields)}
    return [cast("Candidate", {**found[row["_id"]], **row}) for row in rows if row["_id"] in found]


def count_candidates(
    db: Db, query: SearchQuery, today: str, limit: int, index: Keys | None = None, window: Document | None = None
) -> int:
    """Return the number of matching venues, at most `limit`. `index` and `window` are those of `find_in_order`."""
    match = _add(make_filter(query, today), window)
    # The driver does not take None as a hint.
    hint: dict[str, Any] = {"hint": index} if index else {}
    return db.search_entries.count_documents(match, limit=limit, **hint)


def entry_fields(query: SearchQuery, today: str) -> Document:
    """Return the projection that reads what a card of this query shows, and the keys of its order."""
    fields: Document = {"card": 1}
    if query.date:
        fields["price"] = {"$ifNull": [f"${price_paths(query, today)[0]}", None]}
    elif query.has_days:
        fields |= {"free": 1, "prices": 1}
    if query.date_from and query.order in BY_PRICE:
        fields["price"] = {"$min": [f"${path}" for path in price_paths(query, today)]}
    if query.wants("price_from"):
        fields["prices"] = 1
    if query.near:
        fields["maps_location.coordinates"] = 1
    if query.order in {"capacity", "-capacity"}:
        fields["capacity"] = 1
    return fields


def _add(match: Document, more: Document | None) -> Document:
    return {"$and": [match, more]} if more else match


def _pipeline(
    match: Document, price: Document, query: SearchQuery, after: Sequence[Any] | None, limit: int
) -> list[Document]:
    stages: list[Document] = [{"$match": match}, {"$project": {"price": price}}]
    stages += [{"$set": {"unpriced": {"$eq": ["$price", None]}}}] if query.order == "price" else []
    stages += [{"$match": _beyond(query, after)}] if after else []
    return [*stages, {"$sort": _sort_keys(query)}, {"$limit": limit}]


def _sort_keys(query: SearchQuery) -> dict[str, int]:
    name, direction = SORTS[query.order]
    if name == "_id":
        return {"_id": direction}
    # Null sorts below every number. Venues without a price come last in ascending order too.
    first = {"unpriced": ASCENDING} if query.order == "price" else {}
    return {**first, name: direction, "_id": ASCENDING}


def _beyond(query: SearchQuery, after: Sequence[Any]) -> Document:
    """Return the filter of the rows that come after a row with these keys, in the order of the query."""
    *keys, last_id = after
    name, direction = SORTS[query.order]
    if not keys:
        return {"_id": {"$lt": last_id}}
    further: list[Document] = [{name: keys[0], "_id": {"$gt": last_id}}]
    # Comparisons do not match null. Null comes first in ascending capacities and last in all other orders.
    is_null_first = name == "capacity" and direction == ASCENDING
    if keys[0] is not None:
        further.append({name: {"$gt" if direction == ASCENDING else "$lt": keys[0]}})
    if (keys[0] is None) == is_null_first:
        further.append({name: {"$ne": None} if is_null_first else None})
    return {"$or": further}
