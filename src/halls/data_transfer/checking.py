"""Validates imported rows like request bodies: what venues and bookings have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import bson
from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from typing_extensions import TypedDict

from halls.data_transfer.exact_rows import UnreadableCopy, read_exact_row
from halls.data_transfer.report import Report
from halls.errors import ApiError, BadJson, FieldFault, make_field_fault
from halls.http.json_body import check_values
from halls.http.schema import RequestModel, parse_id, validate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.data_transfer.rows import Part, Row
    from halls.data_transfer.schemas import ListedBooking, ListedVenue
    from halls.mongo.client import Db
    from halls.venues.price_on_date import VenueCalendar

ModelT = TypeVar("ModelT", bound=RequestModel)
NO_ACCOUNT = "No account has this address."
STORED_ID = "A record with this id is already stored."


@dataclass(frozen=True)
class Options:
    """The options of an import, as `halls import --help` explains them."""

    # The limits of the configuration: `Config.venue_limits`.
    limits: Mapping[str, Any]
    skip_bad: bool = False
    update: bool = False
    dry_run: bool = False
    create_owners: bool = False


class OwnFields(TypedDict):
    """The fields of a document that an exported row may contain, and a new document gets."""

    _id: ObjectId
    created_at: datetime | None
    updated_at: datetime | None


@dataclass
class Run:
    """One import: its database, options and report, and what the previous rows contained."""

    db: Db
    now: datetime
    options: Options
    report: Report = field(default_factory=Report)
    # The ids of all rows, each with its list, and the calendars of venues that are not stored yet and that bookings may
    # name.
    seen: set[tuple[Part, Any]] = field(default_factory=set)
    pending: dict[ObjectId, VenueCalendar] = field(default_factory=dict)
    # Ids in the file of venues that are stored with another id.
    stored_as: dict[ObjectId, ObjectId] = field(default_factory=dict)

    def is_readable(self, row: Row) -> bool:
        """Return whether the row is a JSON object of valid text. Otherwise report why not."""
        try:
            if row.unreadable is not None:
                raise BadJson(row.unreadable)
            if not isinstance(row.value, dict):
                raise BadJson("must be an object")
            if not row.is_exact:
                check_values(row.value)
        except ApiError as error:
            self.report.add_faults(row, error.details or [make_field_fault("", str(error))])
            return False
        return True

    def read(self, row: Row, model: type[ModelT], faults: Sequence[FieldFault]) -> ModelT | None:
        """Return the row as `model`, or None if it has faults. Report these faults together with the given ones."""
        listed = None
        try:
            listed = validate(model, row.value, **self.options.limits)
        except ApiError as error:
            faults = [*error.details, *faults]
        self.report.add_faults(row, faults)
        return None if faults else listed

    def read_exact(self, row: Row, names: Sequence[str], accounts: Mapping[str, Account]) -> dict[str, Any] | None:
        """Return the document of an exact copy, or None after its faults are reported.

        `names` are the fields with addresses of accounts, and `accounts` has the accounts by address in lower case.
        """
        emails = {name: email for name in names if (email := text_of(row, name))}
        missing = [name for name, email in emails.items() if email.lower() not in accounts]
        faults = [*self.repeated_id_faults(row), *(make_field_fault(name, NO_ACCOUNT) for name in missing)]
        document = None
        if not missing:
            try:
                document = read_exact_row(row.value, {name: accounts[emails[name].lower()].id for name in emails})
            except UnreadableCopy as error:
                faults.append(make_field_fault("", str(error)))
            else:
                self.seen.add((row.part, document["_id"]))
        self.report.add_faults(row, faults)
        return None if faults else document

    def repeated_id_faults(self, row: Row) -> Iterator[FieldFault]:
        """Yield a fault if an earlier row has the same id."""
        own_id = own_id_of(row)
        if (row.part, own_id) in self.seen:
            yield make_field_fault("id", "An earlier row has the same id.")
        elif own_id is not None:
            self.seen.add((row.part, own_id))


def own_fields(row: Mapping[str, Any], listed: ListedVenue | ListedBooking, now: datetime | None) -> OwnFields:
    """Return the id and the times of the row. A null stays null: external writers may have stored no times."""
    return {
        "_id": ObjectId(listed.id) if listed.id else ObjectId(),
        "created_at": listed.created_at if "created_at" in row else now,
        "updated_at": listed.updated_at if "updated_at" in row else now,
    }


def text_of(row: Row, name: str) -> str:
    """Return the text of a field, or nothing if it has none."""
    text = row.value.get(name)
    return text.strip() if isinstance(text, str) else ""


def own_id_of(row: Row) -> ObjectId | None:
    """Return the id of the row, if it has a valid one."""
    return parse_id(text_of(row, "id") or text_of(row, "_id"))


def own_ids_of(rows: Sequence[Row]) -> set[ObjectId]:
    """Return the ids of the rows that have one."""
    return {own_id for row in rows if (own_id := own_id_of(row))}


def encode(document: Mapping[str, Any]) -> RawBSONDocument:
    """Return the document as BSON: it takes a tenth of the memory, and no time for encoding in the transaction."""
    return RawBSONDocument(bson.encode(document))
