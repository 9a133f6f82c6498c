"""Validates imported rows like request bodies and against each other, and makes their documents."""

from __future__ import annotations

import sys
from collections import ChainMap
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import bson
from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from typing_extensions import TypedDict

from halls.accounts.account import Account
from halls.accounts.store import find_accounts_by_email
from halls.bookings import store as bookings
from halls.bookings.booking import ACTIVE, DateNotOffered, DateTaken
from halls.clock import day_in_karachi
from halls.data_transfer.schemas import GoneVenue, ListedBooking, ListedVenue
from halls.data_transfer.transaction import Batch
from halls.errors import ApiError, BadJson, make_field_fault
from halls.http.json_body import check_values
from halls.http.schema import RequestModel, parse_id, validate
from halls.venues import store as venues
from halls.venues.price_on_date import VenueCalendar, offered_dates, offers_date
from halls.venues.service import new_venue
from halls.venues.venue import VenueDocument, VenueNotFound, VenueSummary

if TYPE_CHECKING:
    from datetime import datetime

    from halls.bookings.booking import BookingDocument
    from halls.data_transfer.files import Row
    from halls.errors import FieldFault
    from halls.mongo.client import Db

ModelT = TypeVar("ModelT", bound=RequestModel)
Accounts = Mapping[str, Account]
NO_ACCOUNT = "No account has this address."


class OwnFields(TypedDict):
    """The fields of a document that an exported row may contain, and a new document gets."""

    _id: ObjectId
    created_at: datetime | None
    updated_at: datetime | None


@dataclass
class Checker:
    """Validates one file, batch by batch, and passes the faults of each row to `report`."""

    db: Db
    now: datetime
    max_video_mb: float
    report: Callable[[Row, Sequence[FieldFault]], None]
    # Of the previous rows: the calendars of venues that are not stored yet, all ids, and the dates of active bookings.
    pending: dict[ObjectId, VenueCalendar] = field(default_factory=dict)
    seen: set[ObjectId] = field(default_factory=set)
    taken: set[tuple[ObjectId, str]] = field(default_factory=set)

    def check(self, rows: Sequence[Row]) -> Batch:
        """Return the documents of the valid rows. All rows are venues, or all are bookings."""
        readable = [row for row in rows if self._is_readable(row)]
        return self._check_venues(readable) if rows[0].part == "venues" else self._check_bookings(readable)

    def _check_venues(self, rows: Sequence[Row]) -> Batch:
        owners = find_accounts_by_email(self.db, {_text(row, "owner_email") for row in rows})
        stored = venues.find_calendars(self.db, _ids(rows))
        documents = []
        for row in rows:
            owner = owners.get(_text(row, "owner_email").lower())
            listed = self._read(row, ListedVenue, [*self._id_faults(row, stored), *_owner_faults(row, owner)])
            if listed is not None and owner is not None:
                venue: VenueDocument = {**new_venue(owner.id, listed, self.now), **self._own_fields(row, listed)}
                # Most venues have the same dates. Interned strings are stored in memory once.
                dates = [sys.intern(date) for date in offered_dates(venue)]
                self.pending[venue["_id"]] = {"dates_available": dates}
                documents.append(_encode(venue))
        return Batch("venues", documents, accounts=[owner.id for owner in owners.values()])

    def _check_bookings(self, rows: Sequence[Row]) -> Batch:
        stored = bookings.find_stored_bookings(self.db, _ids(rows))
        read = [(row, self._read(row, ListedBooking, [*self._id_faults(row, stored)])) for row in rows]
        listed = [(row, booking) for row, booking in read if booking is not None]
        accounts = find_accounts_by_email(self.db, {email for _, booking in listed for email in booking.emails})
        venue_ids = {ObjectId(booking.venue_id) for _, booking in listed}
        calendars = ChainMap(self.pending, venues.find_calendars(self.db, venue_ids))
        self.taken |= bookings.find_taken_dates(self.db, venue_ids)
        made: list[BookingDocument] = []
        for row, booking in listed:
            faults = [*self._account_faults(booking, accounts), *self._date_faults(row, booking, calendars)]
            self.report(row, faults)
            if not faults:
                made.append(_new_booking(booking, accounts, self._own_fields(row, booking)))
                if booking.status in ACTIVE:
                    self.taken.add((ObjectId(booking.venue_id), booking.date))
        upcoming = [booking for booking in made if self._is_upcoming(booking["status"], booking["date"])]
        claims = [(row["venue_id"], row["date"]) for row in upcoming if row["venue_id"] not in self.pending]
        account_ids = [account.id for account in accounts.values()]
        return Batch("bookings", [_encode(booking) for booking in made], claims, account_ids)

    def _is_readable(self, row: Row) -> bool:
        try:
            if row.unreadable is not None:
                raise BadJson(row.unreadable)
            if not isinstance(row.value, dict):
                raise BadJson("must be an object")
            check_values(row.value)
        except ApiError as error:
            self.report(row, error.details or [make_field_fault("", str(error))])
            return False
        return True

    def _read(self, row: Row, model: type[ModelT], faults: Sequence[FieldFault]) -> ModelT | None:
        """Return the row as `model`, or None if it has faults. Report these faults together with the given ones."""
        listed = None
        try:
            listed = validate(model, row.value, max_video_mb=self.max_video_mb)
        except ApiError as error:
            faults = [*error.details, *faults]
        self.report(row, faults)
        return None if faults else listed

    def _id_faults(self, row: Row, stored: Container[ObjectId]) -> Iterator[FieldFault]:
        own_id = _own_id(row)
        if own_id in stored:
            yield make_field_fault("id", "A record with this id is already stored.")
        elif own_id in self.seen:
            yield make_field_fault("id", "An earlier row has the same id.")
        elif own_id is not None:
            self.seen.add(own_id)

    def _account_faults(self, booking: ListedBooking, accounts: Accounts) -> Iterator[FieldFault]:
        if booking.user_email is None and (booking.user_id is None or self._is_upcoming(booking.status, booking.date)):
            yield make_field_fault("user_email", "This field is required.")
        if booking.user_email is not None and booking.user_email.lower() not in accounts:
            yield make_field_fault("user_email", NO_ACCOUNT)
        owner_email = booking.venue.owner_email if booking.venue else None
        if owner_email is not None and owner_email.lower() not in accounts:
            yield make_field_fault("venue.owner_email", NO_ACCOUNT)

    def _date_faults(
        self, row: Row, booking: ListedBooking, calendars: Mapping[ObjectId, VenueCalendar]
    ) -> Iterator[FieldFault]:
        venue_id, upcoming = ObjectId(booking.venue_id), self._is_upcoming(booking.status, booking.date)
        if venue_id in calendars:
            if upcoming and not offers_date(calendars[venue_id], booking.date):
                yield make_field_fault("date", DateNotOffered.message)
        elif upcoming or "venue" not in row.value:
            yield make_field_fault("venue_id", VenueNotFound.message)
        if booking.status in ACTIVE and (venue_id, booking.date) in self.taken:
            yield make_field_fault("date", DateTaken.message)

    def _is_upcoming(self, status: str, date: str) -> bool:
        return status in ACTIVE and date >= day_in_karachi(self.now)

    def _own_fields(self, row: Row, listed: ListedVenue | ListedBooking) -> OwnFields:
        """Return the id and the times of the row. A null stays null: external writers may have stored no times."""
        return {
            "_id": _own_id(row) or ObjectId(),
            "created_at": listed.created_at if "created_at" in row.value else self.now,
            "updated_at": listed.updated_at if "updated_at" in row.value else self.now,
        }


def _text(row: Row, name: str) -> str:
    text = row.value.get(name)
    return text.strip() if isinstance(text, str) else ""


def _own_id(row: Row) -> ObjectId | None:
    return parse_id(_text(row, "id") or _text(row, "_id"))


def _ids(rows: Sequence[Row]) -> set[ObjectId]:
    return {own_id for row in rows if (own_id := _own_id(row))}


def _owner_faults(row: Row, owner: Account | None) -> Iterator[FieldFault]:
    if _text(row, "owner_email") and (owner is None or not owner.is_venue_owner):
        yield make_field_fault("owner_email", "No account of a venue owner has this address.")


def _new_booking(booking: ListedBooking, accounts: Accounts, own: OwnFields) -> BookingDocument:
    document: BookingDocument = {
        "_id": own["_id"],
        "venue_id": ObjectId(booking.venue_id),
        "user_id": _account_id(booking.user_email, booking.user_id, accounts),
        "date": booking.date,
        "guests": booking.guests,
        "status": booking.status,
        "price_locked": booking.price_locked,
        "notes": booking.notes,
        "created_at": own["created_at"],
        "updated_at": own["updated_at"],
    }
    if booking.venue is not None:
        document["venue"] = _copy_of_deleted_venue(booking.venue, document["venue_id"], accounts)
    return document


def _copy_of_deleted_venue(venue: GoneVenue, venue_id: ObjectId, accounts: Accounts) -> VenueSummary:
    return {
        "id": venue_id,
        "venue_name": venue.venue_name,
        "address": venue.address,
        "owner_id": _account_id(venue.owner_email, venue.owner_id, accounts),
    }


def _account_id(email: str | None, account_id: str | None, accounts: Accounts) -> ObjectId | None:
    if email is not None:
        return accounts[email.lower()].id
    return ObjectId(account_id) if account_id is not None else None


def _encode(document: Mapping[str, Any]) -> RawBSONDocument:
    """Return the document as BSON: it takes a tenth of the memory, and no time for encoding in the transaction."""
    return RawBSONDocument(bson.encode(document))
