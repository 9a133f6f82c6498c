"""Operators hide a venue from everybody but its owner, and show it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pymongo

from halls.mongo.client import in_transaction
from halls.search.index import refresh_entries
from halls.venues.event_store import insert_venue_event
from halls.venues.store import get_venue, mark_venues

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.mongo.client import Db, Session

COMMAND_SECONDS = 10


def set_hidden(db: Db, venue_id: ObjectId, now: datetime, *, is_hidden: bool) -> bool:
    """Hide the venue, or show it again. Its bookings stay. Return False if it is so already. Raises VenueNotFound."""

    def change(session: Session) -> bool:
        changed = mark_venues(db, [venue_id], "hidden_at", now if is_hidden else None, session)
        for venue in changed:
            insert_venue_event(db, venue, "venue_changed", now, session)
        get_venue(db, venue_id, session)
        refresh_entries(db, [venue_id], session)
        return bool(changed)

    with pymongo.timeout(COMMAND_SECONDS):
        return in_transaction(db, change)
