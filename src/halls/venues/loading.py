"""Loads the venue of a public route: a hidden venue only for its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.http.endpoint import find_caller
from halls.venues.store import get_venue
from halls.venues.venue import VenueNotFound
from halls.venues.visibility import is_hidden

if TYPE_CHECKING:
    from bson import ObjectId

    from halls.mongo.client import Db
    from halls.venues.venue import VenueDocument


def load_public_venue(db: Db, _: object, venue_id: ObjectId) -> VenueDocument:
    """Return the venue. A venue that an operator has hidden is found only with the token of its owner.

    Raises VenueNotFound.
    """
    venue = get_venue(db, venue_id)
    if is_hidden(venue):
        caller = find_caller()
        if caller is None or venue.get("owner_id") != caller.id:
            raise VenueNotFound
    return venue
