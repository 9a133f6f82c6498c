"""Runs the MongoDB of a benchmark, and copies the venues and bookings of Halls for the peers."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pymongo import ASCENDING, GEOSPHERE, IndexModel

from halls.mongo import embedded
from halls.mongo.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from halls.mongo.client import Db

CACHE = "8"  # GB: about MongoDB's default on a machine of 16 GB; 100 000 venues and a copy for the peers fit
# The client of a benchmark logs no slow commands.
SLOW_MS = 60_000
# The specification lists these indexes.
VENUE_INDEXES = [
    *(IndexModel(name) for name in ("owner_id", "type", "capacity", "pricing.overrides.date")),
    IndexModel([("maps_location", GEOSPHERE)]),
]
BOOKING_INDEX = IndexModel([("venue_id", ASCENDING), ("date", ASCENDING), ("status", ASCENDING)])
# The peer with Eve has this index too. "confirmed" and "pending" sort after "cancelled".
UNIQUE_INDEX = IndexModel(
    [("venue_id", ASCENDING), ("date", ASCENDING)],
    unique=True,
    partialFilterExpression={"status": {"$gt": "cancelled"}},
)


@contextmanager
def running_mongod(folder: Path) -> Iterator[str]:
    """Run a mongod with a cache for all the data; yield its URI."""
    arguments = list(embedded.MONGOD_ARGUMENTS)
    arguments[arguments.index("--wiredTigerCacheSizeGB") + 1] = CACHE
    arguments[arguments.index("--oplogSize") + 1] = "990"
    embedded.MONGOD_ARGUMENTS = tuple(arguments)  # type: ignore[assignment] # the length is the same
    with embedded.embedded_mongod(folder) as uri:
        yield uri


def copy_for_peer(db: Db, uri: str, name: str, *indexes: IndexModel) -> str:
    """Copy venues and bookings into the database `name` of the same mongod; return the URI of the copy.

    The copy has the indexes of the specification, and `indexes` on its bookings.
    """
    peer_uri = uri.replace("/halls?", f"/{name}?")
    peer = connect(peer_uri, slow_ms=SLOW_MS)
    for collection in ("venues", "bookings"):
        db[collection].aggregate([{"$out": {"db": name, "coll": collection}}])
    peer.venues.create_indexes(VENUE_INDEXES)
    peer.bookings.create_indexes([BOOKING_INDEX, *indexes])
    peer.client.close()
    return peer_uri
