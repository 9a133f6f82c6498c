"""Checks rows as the API checks what it is sent, and against each other, and makes documents of the good ones."""

from __future__ import annotations

import sys
from collections import ChainMap
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import bson
from bson import ObjectId
from bson.raw_bson import RawBSONDocument

from halls.accounts.account import Account
from halls.accounts.store import find_accounts_by_email
from halls.bookings import store as bookings
from halls.bookings.booking import ACTIVE, DateNotOffered, DateTaken
from halls.clock import day_in_karachi
from halls.data_transfer.schemas import ListedBooking, ListedVenue
from halls.data_transfer.transaction import Batch
from halls.errors import ApiError, BadJson, FieldFault
from halls.http.json_body import check_values
from halls.http.schema import RequestModel, parse_id, validate
from halls.venues import store as venues
from halls.venues.service import new_venue
from halls.venues.venue import VenueNotFound

if TYPE_CHECKING:
    from datetime import datetime

    from halls.data_transfer.files import Row
    from halls.mongo.client import Db, Document

ModelT = TypeVar("ModelT", bound=RequestModel)
Accounts = Mapping[str, Account]
NO_ACCOUNT = "There is no account with this address."


@dataclass
class Checker:
    """Checks one file, batch by batch, and tells `report` the faults of each row."""

    db: Db
    now: datetime
    max_video_mb: float
    report: Callable[[Row, Sequence[FieldFault]], None]
    # Of the rows so far: the dates of venues that are not kept yet, all ids, all active dates.
    pending: dict[ObjectId, list[str]] = field(default_factory=dict)
    seen: set[ObjectId] = field(default_factory=set)
    taken: set[tuple[ObjectId, str]] = field(default_factory=set)

    def check(self, rows: Sequence[Row]) -> Batch:
        """Return the documents of the good rows; all rows are venues or all are bookings."""
        sound = [row for row in rows if self._is_sound(row)]
        return self._check_venues(sound) if rows[0].part == "venues" else self._check_bookings(sound)

    def _check_venues(self, rows: Sequence[Row]) -> Batch:
        owners = find_accounts_by_email(self.db, {_text(row, "owner_email") for row in rows})
        kept = venues.find_calendars(self.db, _ids(rows))
        documents = []
        for row in rows:
            owner = owners.get(_text(row, "owner_email").lower())
            listed = self._read(row, ListedVenue, [*self._id_faults(row, kept), *_owner_faults(row, owner)])
            if listed is not None and owner is not None:
                venue = new_venue(owner.id, listed, self.now) | self._own_facts(row, listed)
                # Venues mostly name the same dates: one text for all of them.
                self.pending[venue["_id"]] = [sys.intern(date) for date in venue["dates_available"]]
                documents.append(_encode(venue))
        return Batch("venues", documents, accounts=[owner.id for owner in owners.values()])

    def _check_bookings(self, rows: Sequence[Row]) -> Batch:
        kept = bookings.find_stored_bookings(self.db, _ids(rows))
        read = [(row, self._read(row, ListedBooking, [*self._id_faults(row, kept)])) for row in rows]
        listed = [(row, booking) for row, booking in read if booking is not None]
        accounts = find_accounts_by_email(self.db, {email for _, booking in listed for email in booking.emails})
        venue_ids = {ObjectId(booking.venue_id) for _, booking in listed}
        offers = ChainMap(self.pending, venues.find_calendars(self.db, venue_ids))
        self.taken |= bookings.find_taken_dates(self.db, venue_ids)
        made = []
        for row, booking in listed:
            faults = [*self._account_faults(booking, accounts), *self._date_faults(row, booking, offers)]
            self.report(row, faults)
            if not faults:
                made.append(_booking_document(booking, accounts) | self._own_facts(row, booking))
                if booking.status in ACTIVE:
                    self.taken.add((ObjectId(booking.venue_id), booking.date))
        coming = [booking for booking in made if self._is_coming(booking["status"], booking["date"])]
        claims = [(row["venue_id"], row["date"]) for row in coming if row["venue_id"] not in self.pending]
        return Batch(
            "bookings", [_encode(booking) for booking in made], claims, [account.id for account in accounts.values()]
        )

    def _is_sound(self, row: Row) -> bool:
        try:
            if row.unreadable is not None:
                raise BadJson(row.unreadable)
            if not isinstance(row.value, dict):
                raise BadJson("must be an object")
            check_values(row.value)
        except ApiError as error:
            self.report(row, error.details or [FieldFault(field="", message=str(error))])
            return False
        return True

    def _read(self, row: Row, shape: type[ModelT], faults: Sequence[FieldFault]) -> ModelT | None:
        """Return the row as `shape`; None, having told all its faults, if it has any or has `faults` already."""
        listed = None
        try:
            listed = validate(shape, row.value, max_video_mb=self.max_video_mb)
        except ApiError as error:
            faults = [*error.details, *faults]
        self.report(row, faults)
        return None if faults else listed

    def _id_faults(self, row: Row, kept: Container[ObjectId]) -> Iterator[FieldFault]:
        own_id = _own_id(row)
        if own_id in kept:
            yield FieldFault(field="id", message="It is already there.")
        elif own_id in self.seen:
            yield FieldFault(field="id", message="It stands in the file before.")
        elif own_id is not None:
            self.seen.add(own_id)

    def _account_faults(self, booking: ListedBooking, accounts: Accounts) -> Iterator[FieldFault]:
        if booking.user_email is None and (booking.user_id is None or self._is_coming(booking.status, booking.date)):
            yield FieldFault(field="user_email", message="This field is required.")
        if booking.user_email is not None and booking.user_email.lower() not in accounts:
            yield FieldFault(field="user_email", message=NO_ACCOUNT)
        owner_email = booking.venue.owner_email if booking.venue else None
        if owner_email is not None and owner_email.lower() not in accounts:
            yield FieldFault(field="venue.owner_email", message=NO_ACCOUNT)

    def _date_faults(
        self, row: Row, booking: ListedBooking, offers: Mapping[ObjectId, Sequence[str]]
    ) -> Iterator[FieldFault]:
        venue_id, coming = ObjectId(booking.venue_id), self._is_coming(booking.status, booking.date)
        if venue_id in offers:
            if coming and booking.date not in offers[venue_id]:
                yield FieldFault(field="date", message=DateNotOffered.message)
        elif coming or "venue" not in row.value:
            yield FieldFault(field="venue_id", message=VenueNotFound.message)
        if booking.status in ACTIVE and (venue_id, booking.date) in self.taken:
            yield FieldFault(field="date", message=DateTaken.message)

    def _is_coming(self, status: str, date: str) -> bool:
        return status in ACTIVE and date >= day_in_karachi(self.now)

    def _own_facts(self, row: Row, listed: ListedVenue | ListedBooking) -> Document:
        """Return the id and the times that the row tells, a null too: other tools may have written none."""
        times = {name: getattr(listed, name) for name in ("created_at", "updated_at") if name in row.value}
        return {"_id": _own_id(row) or ObjectId(), "created_at": self.now, "updated_at": self.now} | times


def _text(row: Row, name: str) -> str:
    text = row.value.get(name)
    return text.strip() if isinstance(text, str) else ""


def _own_id(row: Row) -> ObjectId | None:
    return parse_id(_text(row, "id") or _text(row, "_id"))


def _ids(rows: Sequence[Row]) -> set[ObjectId]:
    return {own_id for row in rows if (own_id := _own_id(row))}


def _owner_faults(row: Row, owner: Account | None) -> Iterator[FieldFault]:
    if _text(row, "owner_email") and (owner is None or not owner.is_venue_owner):
        yield FieldFault(field="owner_email", message="There is no venue owner's account with this address.")


def _booking_document(booking: ListedBooking, accounts: Accounts) -> Document:
    given = booking.given()
    document = {name: given.get(name) for name in ("date", "guests", "status", "price_locked", "notes")}
    document |= {
        "venue_id": ObjectId(booking.venue_id),
        "user_id": _account_id(booking.user_email, booking.user_id, accounts),
    }
    if booking.venue is not None:
        gone = booking.venue
        document["venue"] = {
            "id": ObjectId(booking.venue_id),
            "venue_name": gone.venue_name,
            "address": gone.address,
            "owner_id": _account_id(gone.owner_email, gone.owner_id, accounts),
        }
    return document


def _account_id(email: str | None, account_id: str | None, accounts: Accounts) -> ObjectId | None:
    if email is not None:
        return accounts[email.lower()].id
    return ObjectId(account_id) if account_id is not None else None


def _encode(document: Document) -> RawBSONDocument:
    """Return the document as the bytes that will be sent: a tenth of the room, and ready when time presses."""
    return RawBSONDocument(bson.encode(document))
