"""Invariants of the search index, which is derived from venues and bookings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.mongo.invariants import Violation, make_violations
from halls.search.reindex import find_stale

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db


def check_catalog(db: Db, _today: str) -> Iterator[Violation]:
    """Yield each venue whose entry is missing or stale."""
    groups = ([str(venue_id)] for venue_id in find_stale(db))
    message = "Search shows something else than is stored: run `halls reindex`."
    return make_violations("catalog_true", message, groups)


INVARIANTS = (check_catalog,)
