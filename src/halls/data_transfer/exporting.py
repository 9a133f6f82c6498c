"""Exports all venues and bookings as one JSON document, which is the same after an import."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import orjson
from bson import Decimal128, ObjectId

from halls.accounts.store import find_accounts
from halls.bookings.store import read_all_bookings
from halls.data_transfer.booking_rows import LATER_FIELDS, LATER_SUMMARY_FIELDS, is_upcoming, make_booking
from halls.data_transfer.exact_rows import as_id, gone_owner_id, make_exact_row
from halls.data_transfer.rows import take_batches
from halls.data_transfer.schemas import ListedBooking, ListedVenue
from halls.data_transfer.venue_rows import make_venue
from halls.documents import read_finite
from halls.errors import ApiError
from halls.http.schema import validate
from halls.mongo.client import wait_for_majority_commit
from halls.venues.price_on_date import offers_date
from halls.venues.store import find_calendars, read_all_venues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument
    from halls.mongo.client import Db, Session
    from halls.venues.price_on_date import VenueCalendar
    from halls.venues.venue import VenueDocument

    Accounts = Mapping[ObjectId, Account]
    Calendars = Mapping[ObjectId, VenueCalendar]

Row = dict[str, Any]
BATCH_ROWS = 200
# Fields that an export leaves out: `rev` only grows while a document is stored, and the events of a booking stay here.
COUNTERS = {"rev": 0, "event_count": 0}
# Sorted, because external writers store keys in any order, also in inner objects.
OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
VENUE_FIELDS = ListedVenue.model_fields.keys() - {"id", "owner_email"}
BOOKING_FIELDS = ListedBooking.model_fields.keys() - {"id", "user_email", "user_id", "venue"}
# A document has fields of other types than the API writes, or import would reject it.
NOT_PLAIN = (ApiError, AttributeError, KeyError, TypeError, ValueError)


def export_lines(db: Db, now: datetime, limits: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the document from one snapshot. Each venue and each booking is a line, in order of id."""
    wait_for_majority_commit(db)
    with db.client.start_session(snapshot=True) as session:
        snapshot = _Snapshot(db, session, now, limits)
        yield b'{"venues":['
        yield from _as_items(snapshot.list_venues())
        yield b'],\n"bookings":['
        yield from _as_items(snapshot.list_bookings())
        yield b"]}\n"


def _as_items(rows: Iterable[bytes]) -> Iterator[bytes]:
    between = b"\n"
    for row in rows:
        yield between + row
        between = b",\n"
    yield b"\n"


@dataclass
class _Snapshot:
    """The rows of one snapshot: plain rows for documents as the API writes them, exact copies of all others."""

    db: Db
    session: Session
    now: datetime
    limits: Mapping[str, Any]
    exported: set[Any] = field(default_factory=set)

    def list_venues(self) -> Iterator[bytes]:
        """Yield the rows of all venues."""
        for batch in take_batches(read_all_venues(self.db, self.session), BATCH_ROWS):
            owners = find_accounts(self.db, {as_id(venue.get("owner_id")) for venue in batch})
            for venue in batch:
                self.exported.add(str(venue["_id"]))
                yield self._make_venue_line(venue, owners)

    def list_bookings(self) -> Iterator[bytes]:
        """Yield the rows of all bookings."""
        for batch in take_batches(read_all_bookings(self.db, self.session), BATCH_ROWS):
            guest_ids = {as_id(booking.get("user_id")) for booking in batch}
            accounts = find_accounts(self.db, guest_ids | {gone_owner_id(booking) for booking in batch})
            venue_ids = {venue_id for booking in batch if (venue_id := as_id(booking.get("venue_id")))}
            calendars = find_calendars(self.db, venue_ids, self.session)
            for booking in batch:
                yield self._make_booking_line(booking, accounts, calendars)

    def _make_venue_line(self, venue: VenueDocument, owners: Accounts) -> bytes:
        owner = _account_of(venue.get("owner_id"), owners)

        def restore(row: Row) -> VenueDocument | None:
            listed = validate(ListedVenue, row, **self.limits)
            return make_venue(row, listed, owner.id, self.now) if owner and owner.is_venue_owner else None

        row = _fields_of(venue, VENUE_FIELDS) | {"owner_email": owner.email if owner else None}
        return _plain_line(row, venue, restore) or _exact_line(venue, owners)

    def _make_booking_line(self, booking: BookingDocument, accounts: Accounts, calendars: Calendars) -> bytes:
        def restore(row: Row) -> BookingDocument | None:
            listed = validate(ListedBooking, row)
            by_email = {account.email.lower(): account for account in accounts.values()}
            can_restore = not is_upcoming(booking, self.now) or (
                listed.user_email is not None and offers_date(calendars[booking["venue_id"]], booking["date"])
            )
            return make_booking(row, listed, by_email, self.now) if can_restore else None

        names = BOOKING_FIELDS - (LATER_FIELDS - booking.keys())
        row = _fields_of(booking, names) | _account_field("user", booking.get("user_id"), accounts)
        if str(booking.get("venue_id")) not in self.exported:
            row["venue"] = _gone_venue(booking, accounts)
        return _plain_line(row, booking, restore) or _exact_line(_without_count(booking), accounts)


def _fields_of(document: Mapping[str, Any], names: Iterable[str]) -> Row:
    return {"id": document["_id"], **{name: _without_decimal(document.get(name)) for name in names}}


def _without_decimal(value: Any) -> Any:
    # JSON has no decimals of BSON.
    return read_finite(value) if isinstance(value, Decimal128) else value


def _account_of(account_id: Any, accounts: Accounts) -> Account | None:
    # External writers may store other types, which are not ids of accounts.
    return accounts.get(account_id) if isinstance(account_id, ObjectId) else None


def _account_field(name: str, account_id: Any, accounts: Accounts) -> Row:
    """Return the e-mail address of the account, which is the same in every database, or the id of a deleted account."""
    account = _account_of(account_id, accounts)
    return {f"{name}_email": account.email} if account else {f"{name}_id": account_id}


def _gone_venue(booking: BookingDocument, accounts: Accounts) -> Row | None:
    """Return the copy of the deleted venue, or None if the booking has none."""
    venue = booking.get("venue")
    if not isinstance(venue, dict):
        return None
    owner = _account_field("owner", venue.get("owner_id"), accounts)
    names = ("venue_name", "address", *(LATER_SUMMARY_FIELDS & venue.keys()))
    return {name: venue.get(name) for name in names} | owner


def _plain_line(row: Row, document: Mapping[str, Any], restore: Callable[[Row], Any]) -> bytes | None:
    """Return the row as JSON, or None if import would reject it or restore another document."""
    try:
        line = orjson.dumps(row, default=_as_text, option=OPTIONS)
        restored = restore(orjson.loads(line))
    except NOT_PLAIN:
        return None
    is_same = restored is not None and {**restored, **COUNTERS} == {**document, **COUNTERS}
    return line if is_same else None


def _without_count(booking: BookingDocument) -> dict[str, Any]:
    return {name: value for name, value in booking.items() if name != "event_count"}


def _exact_line(document: Mapping[str, Any], accounts: Accounts) -> bytes:
    emails = {account_id: account.email for account_id, account in accounts.items()}
    return orjson.dumps(make_exact_row(document, emails))


def _as_text(value: Any) -> str:
    """Return the text of an id, or of a moment with milliseconds. Raises TypeError for other BSON types."""
    if isinstance(value, ObjectId):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    raise TypeError
