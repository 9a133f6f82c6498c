"""Checks rows of bookings: their accounts, their venues, and one active booking for each date of a venue."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from bson import ObjectId

from halls.accounts.store import find_accounts_by_email
from halls.bookings import store as bookings
from halls.bookings.booking import ACTIVE, DateNotOffered, DateTaken
from halls.clock import day_in_karachi
from halls.data_transfer.checking import NO_ACCOUNT, STORED_ID, Run, encode, own_fields, own_id_of, own_ids_of, text_of
from halls.data_transfer.exact_rows import as_id
from halls.data_transfer.schemas import GoneVenue, ListedBooking
from halls.data_transfer.transaction import Batch
from halls.errors import FieldFault, make_field_fault
from halls.http.schema import parse_id
from halls.venues import store as venues
from halls.venues.price_on_date import VenueCalendar, offers_date
from halls.venues.venue import VenueNotFound, VenueSummary

if TYPE_CHECKING:
    from datetime import datetime

    from bson.raw_bson import RawBSONDocument

    from halls.accounts.account import Account
    from halls.bookings.booking import BookingDocument
    from halls.data_transfer.rows import Row

Accounts = Mapping[str, "Account"]
Drafts = list[tuple["Row", "BookingDocument"]]
# The fields of an exact copy that have the addresses of its accounts.
EXACT_EMAILS = ("user_email", "venue_owner_email")
# Fields that bookings of older versions do not have. A document has them only if its row has them.
LATER_FIELDS = {"hold_until", "cancellation", "is_walk_in", "guest"}
LATER_SUMMARY_FIELDS = {"type", "maps_location", "picture"}


@dataclass(frozen=True)
class _Stored:
    """What the database has about the bookings of a batch."""

    calendars: Mapping[ObjectId, VenueCalendar]
    # The venue and the date of the bookings with the same ids.
    by_id: Mapping[ObjectId, tuple[ObjectId, str]]
    # The venue, guest, date and status of the bookings on the same dates.
    alike: set[tuple[Any, ...]]


@dataclass
class BookingRows:
    """Checks the bookings of a file, batch by batch."""

    run: Run
    # The venue and the date of the active bookings that are stored, or in earlier rows.
    taken: set[tuple[ObjectId, str]] = field(default_factory=set)

    def check(self, rows: Sequence[Row]) -> Batch:
        """Return the documents of the valid bookings. Those that are there already are only reported."""
        drafts, accounts = self._draft([self._with_stored_venue(row) for row in rows])
        stored = self._find_stored(rows, [booking for _, booking in drafts])
        documents: list[RawBSONDocument] = []
        claims: list[tuple[ObjectId, str]] = []
        for row, booking in drafts:
            if self._is_present(row, booking, stored) or self._has_faults(row, booking, stored):
                continue
            documents.append(encode(booking))
            held = booking["venue_id"], booking["date"]
            if booking["status"] in ACTIVE:
                self.taken.add(held)
            if not row.is_exact and self._is_upcoming(booking) and held[0] not in self.run.pending:
                claims.append(held)
        return Batch("bookings", documents, claims, [account.id for account in accounts.values()])

    def _with_stored_venue(self, row: Row) -> Row:
        """Return the row with the id of its venue, if the venue is stored with another id than in the file."""
        venue_id = parse_id(text_of(row, "venue_id"))
        stored_id = self.run.stored_as.get(venue_id) if venue_id else None
        return replace(row, value={**row.value, "venue_id": str(stored_id)}) if stored_id else row

    def _draft(self, rows: Sequence[Row]) -> tuple[Drafts, Accounts]:
        """Return the documents of the rows that are valid in themselves, and the accounts of the rows."""
        read = [(row, None if row.is_exact else self._read(row)) for row in rows]
        emails = {email for row, listed in read for email in _emails_of(row, listed)}
        accounts = find_accounts_by_email(self.run.db, emails)
        made = [(row, self._make(row, listed, accounts)) for row, listed in read]
        return [(row, booking) for row, booking in made if booking is not None], accounts

    def _read(self, row: Row) -> ListedBooking | None:
        return self.run.read(row, ListedBooking, [*self.run.repeated_id_faults(row)])

    def _make(self, row: Row, listed: ListedBooking | None, accounts: Accounts) -> BookingDocument | None:
        if row.is_exact:
            return self._make_exact(row, accounts)
        if listed is None:
            return None
        faults = [*self._account_faults(listed, accounts)]
        self.run.report.add_faults(row, faults)
        return None if faults else make_booking(row.value, listed, accounts, self.run.now)

    def _make_exact(self, row: Row, accounts: Accounts) -> BookingDocument | None:
        document: Any = self.run.read_exact(row, EXACT_EMAILS, accounts)
        if document is None:
            return None
        venue_id = as_id(document.get("venue_id"))
        if venue_id is None or not all(isinstance(document.get(name), str) for name in ("date", "status")):
            self.run.report.add_faults(row, [make_field_fault("", "needs venue_id, date and status")])
            return None
        document["venue_id"] = self.run.stored_as.get(venue_id, venue_id)
        # The events of the booking are not imported.
        document.pop("event_count", None)
        return cast("BookingDocument", document)

    def _find_stored(self, rows: Sequence[Row], drafts: Sequence[BookingDocument]) -> _Stored:
        venue_ids = {booking["venue_id"] for booking in drafts}
        self.taken |= bookings.find_taken_dates(self.run.db, venue_ids)
        return _Stored(
            ChainMap(self.run.pending, venues.find_calendars(self.run.db, venue_ids)),
            bookings.find_stored_bookings(self.run.db, own_ids_of(rows)),
            bookings.find_alike(self.run.db, venue_ids, {booking["date"] for booking in drafts}),
        )

    def _is_present(self, row: Row, booking: BookingDocument, stored: _Stored) -> bool:
        """Return whether the booking is stored: with its id, or without an id for the same guest and date."""
        key = booking["venue_id"], as_id(booking.get("user_id")), booking["date"], booking["status"]
        has_same_id = stored.by_id.get(booking["_id"]) == (booking["venue_id"], booking["date"])
        is_present = has_same_id or (own_id_of(row) is None and key in stored.alike)
        if is_present:
            self.run.report.add_present(row, "this booking is there already")
        return is_present

    def _has_faults(self, row: Row, booking: BookingDocument, stored: _Stored) -> bool:
        faults = [] if row.is_exact else [*self._venue_faults(row, booking, stored.calendars)]
        if booking["_id"] in stored.by_id:
            faults.append(make_field_fault("id", STORED_ID))
        if booking["status"] in ACTIVE and (booking["venue_id"], booking["date"]) in self.taken:
            faults.append(make_field_fault("date", DateTaken.message))
        self.run.report.add_faults(row, faults)
        return bool(faults)

    def _account_faults(self, listed: ListedBooking, accounts: Accounts) -> Iterator[FieldFault]:
        if listed.user_email is None and (listed.user_id is None or self._is_upcoming(listed.model_dump())):
            yield make_field_fault("user_email", "This field is required.", "required")
        if listed.user_email is not None and listed.user_email.lower() not in accounts:
            yield make_field_fault("user_email", NO_ACCOUNT)
        owner_email = listed.venue.owner_email if listed.venue else None
        if owner_email is not None and owner_email.lower() not in accounts:
            yield make_field_fault("venue.owner_email", NO_ACCOUNT)

    def _venue_faults(
        self, row: Row, booking: BookingDocument, calendars: Mapping[ObjectId, VenueCalendar]
    ) -> Iterator[FieldFault]:
        is_upcoming = self._is_upcoming(booking)
        if booking["venue_id"] in calendars:
            if is_upcoming and not offers_date(calendars[booking["venue_id"]], booking["date"]):
                yield make_field_fault("date", DateNotOffered.message)
        elif is_upcoming or "venue" not in row.value:
            yield make_field_fault("venue_id", VenueNotFound.message)

    def _is_upcoming(self, booking: Mapping[str, Any]) -> bool:
        return is_upcoming(booking, self.run.now)


def is_upcoming(booking: Mapping[str, Any], now: datetime) -> bool:
    """Return whether a booking is active and not past."""
    return booking["status"] in ACTIVE and booking["date"] >= day_in_karachi(now)


def make_booking(
    row: Mapping[str, Any], listed: ListedBooking, accounts: Accounts, now: datetime | None
) -> BookingDocument:
    """Return the document of a valid row. `accounts` has the accounts by address in lower case."""
    own = own_fields(row, listed, now)
    document: BookingDocument = {
        "_id": own["_id"],
        "venue_id": ObjectId(listed.venue_id),
        "user_id": _account_id(listed.user_email, listed.user_id, accounts),
        "date": listed.date,
        "guests": listed.guests,
        "status": listed.status,
        "price_locked": listed.price_locked,
        "notes": listed.notes,
        "created_at": own["created_at"],
        "updated_at": own["updated_at"],
    }
    if listed.venue is not None:
        document["venue"] = _copy_of_deleted_venue(row["venue"], listed.venue, document["venue_id"], accounts)
    later = listed.model_dump(by_alias=True, include=LATER_FIELDS & row.keys())
    return cast("BookingDocument", {**document, **later})


def _copy_of_deleted_venue(
    row: Mapping[str, Any], venue: GoneVenue, venue_id: ObjectId, accounts: Accounts
) -> VenueSummary:
    summary: VenueSummary = {
        "id": venue_id,
        "venue_name": venue.venue_name,
        "address": venue.address,
        "owner_id": _account_id(venue.owner_email, venue.owner_id, accounts),
    }
    return cast("VenueSummary", {**summary, **venue.model_dump(include=LATER_SUMMARY_FIELDS & row.keys())})


def _account_id(email: str | None, account_id: str | None, accounts: Accounts) -> ObjectId | None:
    if email is not None:
        return accounts[email.lower()].id
    return ObjectId(account_id) if account_id is not None else None


def _emails_of(row: Row, listed: ListedBooking | None) -> set[str]:
    return listed.emails if listed else {text_of(row, name) for name in EXACT_EMAILS}
