"""Which venues are there already: a venue is recognised by its owner, its name and its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.documents import read_finite
from halls.venues import store as venues

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
    numbers = [number for each in coordinates if (number := read_finite(each)) is not None]
    if len(numbers) != len(coordinates) or len(coordinates) != 2:  # noqa: PLR2004 - longitude and latitude
        return None
    longitude, latitude = (round(float(number), PLACE_DECIMALS) for number in numbers)
    return owner_id, " ".join(name.casefold().split()), longitude, latitude


class KnownVenues:
    """The stored venues of the owners in a file, and the venues of its earlier rows."""

    def __init__(self, db: Db) -> None:
        self.db = db
        self._stored: dict[VenueKey, ObjectId] = {}
        self._owners: set[ObjectId] = set()
        # Hashes, because a file may have a million rows.
        self._in_file: set[int] = set()

    def load(self, owner_ids: Iterable[ObjectId]) -> None:
        """Read the stored venues of owners, once for each. Of several with the same key the first counts."""
        new = set(owner_ids) - self._owners
        if new:
            self._owners |= new
            found = ((key_of(venue), venue["_id"]) for venue in venues.read_places(self.db, new))
            for key, venue_id in ((key, venue_id) for key, venue_id in found if key):
                self._stored.setdefault(key, venue_id)

    def find_stored(self, venue: Mapping[str, Any]) -> ObjectId | None:
        """Return the id of the stored venue that is the same, or None."""
        key = key_of(venue)
        return self._stored.get(key) if key else None

    def add(self, venue: Mapping[str, Any]) -> None:
        """Remember the venue of a row."""
        if key := key_of(venue):
            self._in_file.add(hash(key))

    def is_in_file(self, venue: Mapping[str, Any]) -> bool:
        """Return whether an earlier row has the same venue."""
        key = key_of(venue)
        return key is not None and hash(key) in self._in_file
