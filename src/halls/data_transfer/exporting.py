"""Exports all venues and bookings as one JSON document, which is the same after an import."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import orjson

from halls.accounts.store import find_accounts
from halls.bookings.booking import serialize_booking
from halls.bookings.store import read_all_bookings
from halls.data_transfer.files import take_batches
from halls.mongo.client import wait_for_majority_commit
from halls.venues.store import read_all_venues
from halls.venues.venue import serialize_venue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bson import ObjectId

    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument
    from halls.mongo.client import Db, Session
    from halls.venues.venue import VenueReference

BATCH_ROWS = 200
# Sorted, because external writers store keys in any order, also in inner objects.
OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME


def export_lines(db: Db) -> Iterator[bytes]:
    """Yield the document from one snapshot. Each venue and each booking is a line, in order of id."""
    exported: set[ObjectId] = set()
    wait_for_majority_commit(db)
    with db.client.start_session(snapshot=True) as session:
        yield b'{"venues":['
        yield from _as_items(_list_venues(db, session, exported))
        yield b'],\n"bookings":['
        yield from _as_items(_list_bookings(db, session, exported))
        yield b"]}\n"


def _as_items(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    between = b"\n"
    for row in rows:
        yield between + orjson.dumps(row, default=_as_text, option=OPTIONS)
        between = b",\n"
    yield b"\n"


def _as_text(value: Any) -> str:
    """Return the text of an id, a moment with milliseconds, or a value of another BSON type."""
    if not isinstance(value, datetime):
        return str(value)
    return value.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _list_venues(db: Db, session: Session, exported: set[ObjectId]) -> Iterator[dict[str, Any]]:
    for batch in take_batches(read_all_venues(db, session), BATCH_ROWS):
        owners = find_accounts(db, _owner_ids(batch))
        for venue in batch:
            exported.add(venue["_id"])
            row = serialize_venue(venue)
            row["pricing"] = {"overrides": _drop_shadowed(row["pricing"]["overrides"])}
            yield row | _account_fields("owner", row.pop("owner_id"), owners)


def _drop_shadowed(overrides: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the first override of each date. External writers may store more, which have no effect."""
    first: dict[str, dict[str, Any]] = {}
    for override in overrides:
        first.setdefault(override["date"], override)
    return list(first.values())


def _list_bookings(db: Db, session: Session, exported: set[ObjectId]) -> Iterator[dict[str, Any]]:
    for batch in take_batches(read_all_bookings(db, session), BATCH_ROWS):
        guest_ids = {booking.get("user_id") for booking in batch}
        accounts = find_accounts(db, guest_ids | _owner_ids(_venue_of(booking) for booking in batch))
        for booking in batch:
            venue = _venue_of(booking)
            row = serialize_booking(booking, None)
            row |= _account_fields("user", row.pop("user_id"), accounts)
            if venue:
                owner = _account_fields("owner", venue.get("owner_id"), accounts)
                row["venue"] = {name: venue.get(name) for name in ("venue_name", "address")} | owner
            # The venue is exported only for bookings of a deleted venue. It is null if the booking has no copy.
            if row["venue_id"] in exported:
                del row["venue"]
            yield row


def _venue_of(booking: BookingDocument) -> VenueReference:
    return booking.get("venue") or {}


def _owner_ids(venues: Iterable[VenueReference]) -> set[ObjectId | None]:
    return {venue["owner_id"] for venue in venues if "owner_id" in venue}


def _account_fields(name: str, account_id: Any, accounts: Mapping[ObjectId, Account]) -> dict[str, Any]:
    """Return the e-mail address of the account, which is the same in every database, or the id of a deleted account."""
    if account_id in accounts:
        return {f"{name}_email": accounts[account_id].email}
    return {f"{name}_id": account_id}
