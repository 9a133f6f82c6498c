"""Which venues are there already: a venue is recognised by its owner, its name and its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.venues import store as venues
from halls.venues.price_on_date import as_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from halls.mongo.client import Db

# The owner, the name in lower case, the longitude and the latitude.
VenueKey = tuple[ObjectId, str, float, float]
# About a metre.
PLACE_DECIMALS = 5


def key_of(venue: Mapping[str, Any]) -> VenueKey | None:
    """Return what a venue is recognised by. None if an external writer stored no owner, name or place."""
    owner_id, name, place = venue.get("owner_id"), venue.get("venue_name"), venue.get("maps_location")
    coordinates = place.get("coordinates") if isinstance(place, dict) else None
    if not isinstance(owner_id, ObjectId) or not isinstance(name, str) or not isinstance(coordinates, list):
        return None
    try:
        longitude, latitude = (round(float(as_number(each)), PLACE_DECIMALS) for each in coordinates)
    except (TypeError, ValueError):
        return None
    return owner_id, " ".join(name.casefold().split()), longitude, latitude


class KnownVenues:
    """The venues of the owners in a file: those that are stored, and those of earlier rows."""

    def __init__(self, db: Db) -> None:
        self.db = db
        self._ids: dict[VenueKey, ObjectId] = {}
        self._owners: set[ObjectId] = set()

    def load(self, owner_ids: Iterable[ObjectId]) -> None:
        """Read the stored venues of owners, once for each."""
        new = set(owner_ids) - self._owners
        if new:
            self._owners |= new
            for venue in venues.read_places(self.db, new):
                self.add(venue)

    def find(self, venue: Mapping[str, Any]) -> ObjectId | None:
        """Return the id of the venue that is there already, or None."""
        key = key_of(venue)
        return self._ids.get(key) if key else None

    def add(self, venue: Mapping[str, Any]) -> None:
        """Remember a venue. Of several with the same key the first counts."""
        if key := key_of(venue):
            self._ids.setdefault(key, venue["_id"])
