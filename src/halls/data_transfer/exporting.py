"""Writes all venues and bookings as one JSON document, which `halls import` reads back to the byte."""

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
    from pathlib import Path

    from bson import ObjectId

    from halls.accounts.account import Account
    from halls.mongo.client import Db, Document, Session

BATCH_ROWS = 200
# Sorted: other tools keep their own order of keys, in the inner objects too.
OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME


def export_lines(db: Db) -> Iterator[bytes]:
    """Yield the document as it is at one instant, a venue or booking a line, each sorted by id."""
    exported: set[ObjectId] = set()
    wait_for_majority_commit(db)
    with db.client.start_session(snapshot=True) as session:
        yield b'{"venues":['
        yield from _as_items(_list_venues(db, session, exported))
        yield b'],\n"bookings":['
        yield from _as_items(_list_bookings(db, session, exported))
        yield b"]}\n"


def write_whole(path: Path, lines: Iterable[bytes]) -> None:
    """Write aside first: whatever happens, `path` is whole. Only its owner may read the addresses in it."""
    draft = path.with_name(f"{path.name}.part")
    try:
        draft.touch(mode=0o600)
        with draft.open("wb") as file:
            file.writelines(lines)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _as_items(rows: Iterable[Document]) -> Iterator[bytes]:
    between = b"\n"
    for row in rows:
        yield between + orjson.dumps(row, default=_as_text, option=OPTIONS)
        between = b",\n"
    yield b"\n"


def _as_text(value: Any) -> str:
    """Return the text of an id, a moment to the millisecond, or what else another tool has written."""
    if not isinstance(value, datetime):
        return str(value)
    return value.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _list_venues(db: Db, session: Session, exported: set[ObjectId]) -> Iterator[Document]:
    for batch in take_batches(read_all_venues(db, session), BATCH_ROWS):
        owners = find_accounts(db, _owner_ids(batch))
        for venue in batch:
            exported.add(venue["_id"])
            facts = serialize_venue(venue)
            facts["pricing"] = {"overrides": _drop_shadowed(facts["pricing"]["overrides"])}
            yield facts | _person("owner", facts.pop("owner_id"), owners)


def _drop_shadowed(overrides: Iterable[Document]) -> list[Document]:
    """Return the first price of each date: others of it, which other tools may write, never count."""
    first: dict[str, Document] = {}
    for override in overrides:
        first.setdefault(override["date"], override)
    return list(first.values())


def _list_bookings(db: Db, session: Session, exported: set[ObjectId]) -> Iterator[Document]:
    for batch in take_batches(read_all_bookings(db, session), BATCH_ROWS):
        kept = [booking.get("venue") or {} for booking in batch]
        accounts = find_accounts(db, _owner_ids(kept) | {booking.get("user_id") for booking in batch})
        for booking, venue in zip(batch, kept, strict=True):
            facts = serialize_booking(booking, None)
            facts |= _person("user", facts.pop("user_id"), accounts)
            if venue:
                owner = _person("owner", venue.get("owner_id"), accounts)
                facts["venue"] = {name: venue.get(name) for name in ("venue_name", "address")} | owner
            # Named only where the venue is gone, and null where nobody knows it any more.
            if facts["venue_id"] in exported:
                del facts["venue"]
            yield facts


def _owner_ids(venues: Iterable[Document]) -> set[ObjectId]:
    return {venue["owner_id"] for venue in venues if "owner_id" in venue}


def _person(name: str, account_id: Any, accounts: Mapping[ObjectId, Account]) -> Document:
    """Return the account's address, which is the same in every database; the id is left of one that is gone."""
    if account_id in accounts:
        return {f"{name}_email": accounts[account_id].email}
    return {f"{name}_id": account_id}
