"""Checks rows of venues: their owners, and whether they are there already."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from halls.accounts.account import account_from_document, new_account
from halls.accounts.schemas import normalise_email
from halls.accounts.store import find_accounts_by_email
from halls.bookings.store import find_active_dates
from halls.clock import day_in_karachi
from halls.data_transfer.checking import STORED_ID, Run, encode, own_fields, own_id_of, text_of
from halls.data_transfer.known_venues import KnownVenues, key_of
from halls.data_transfer.schemas import ListedVenue
from halls.data_transfer.transaction import Batch, VenueUpdate
from halls.errors import FieldFault, Invalid, make_field_fault
from halls.venues import store as venues
from halls.venues.service import check_growth, new_venue
from halls.venues.visibility import HiddenByOperator, is_hidden

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bson import ObjectId
    from bson.raw_bson import RawBSONDocument

    from halls.accounts.account import Account, AccountDocument
    from halls.data_transfer.known_venues import VenueKey
    from halls.data_transfer.rows import Row
    from halls.venues.venue import VenueDocument

NO_OWNER = "No account of a venue owner has this address."
# The fields that --update leaves as they are. The last three are set by operators and by the deletion of an account.
KEPT = frozenset({"_id", "owner_id", "rev", "created_at", "updated_at", "hidden_at", "suspended_at", "deleted_at"})


@dataclass
class VenueBatch:
    """What a batch of rows adds to the database."""

    documents: list[RawBSONDocument] = field(default_factory=list)
    account_ids: list[ObjectId] = field(default_factory=list)
    new_accounts: list[AccountDocument] = field(default_factory=list)
    updates: list[VenueUpdate] = field(default_factory=list)
    new_keys: set[VenueKey] = field(default_factory=set)


@dataclass(frozen=True)
class Draft:
    """A valid row: its document, and the fields that the row itself sets."""

    row: Row
    venue: VenueDocument
    fields: frozenset[str]


class VenueRows:
    """Checks the venues of a file, batch by batch."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._known = KnownVenues(run.db)
        # Accounts for unknown owners by address, and the documents of those that no earlier batch inserts.
        self._made: dict[str, Account] = {}
        self._unsaved: dict[ObjectId, AccountDocument] = {}

    def check(self, rows: Sequence[Row]) -> Batch:
        """Return the documents of the new venues, and the updates of those that are there already."""
        owners = {**self._made, **find_accounts_by_email(self.run.db, {text_of(row, "owner_email") for row in rows})}
        drafts = [draft for row in rows if (draft := self._draft(row, owners))]
        stored = venues.read_venues(self.run.db, {draft.venue["_id"] for draft in drafts})
        self._known.load({key[0] for draft in drafts if (key := key_of(draft.venue))})
        batch = VenueBatch()
        for draft in drafts:
            self._add(draft, stored, batch)
        return Batch(
            "venues",
            batch.documents,
            accounts=batch.account_ids,
            new_accounts=batch.new_accounts,
            updates=batch.updates,
            new_keys=batch.new_keys,
        )

    def _draft(self, row: Row, owners: dict[str, Account]) -> Draft | None:
        """Return the document of a row, or None after its faults are reported."""
        faults = self._owner_faults(row, owners)
        if row.is_exact:
            if faults:
                self.run.report.add_faults(row, faults)
                return None
            venue: Any = self.run.read_exact(row, ["owner_email"], owners)
            return Draft(row, venue, frozenset(venue)) if venue else None
        listed = self.run.read(row, ListedVenue, [*self.run.repeated_id_faults(row), *faults])
        if listed is None:
            return None
        owner = owners[listed.owner_email.lower()]
        return Draft(row, make_venue(row.value, listed, owner.id, self.run.now), frozenset(listed.given()))

    def _owner_faults(self, row: Row, owners: dict[str, Account]) -> list[FieldFault]:
        """Return the fault of the owner's address. With --create-owners, add an account for it to `owners`."""
        email = text_of(row, "owner_email")
        if not email:
            return []
        owner = owners.get(email.lower())
        if owner is not None:
            is_valid = owner.is_venue_owner or row.is_exact
            return [] if is_valid else [make_field_fault("owner_email", NO_OWNER)]
        if not self.run.options.create_owners:
            message = f"{NO_OWNER} --create-owners makes the account."
            return [make_field_fault("owner_email", message)]
        try:
            self._make_owner(email, owners)
        except ValueError as error:
            return [make_field_fault("owner_email", str(error))]
        return []

    def _make_owner(self, email: str, owners: dict[str, Account]) -> None:
        """Add an account without a password, which its owner takes over by a reset e-mail. Raises ValueError."""
        document = new_account(
            email=normalise_email(email), full_name=None, contact_number=None, is_venue_owner=True, now=self.run.now
        )
        document["invited_at"] = self.run.now
        account = account_from_document(document)
        self._made[email.lower()] = owners[email.lower()] = account
        self._unsaved[account.id] = document

    def _add(self, draft: Draft, stored: Mapping[ObjectId, VenueDocument], batch: VenueBatch) -> None:
        row, venue = draft.row, draft.venue
        own_id = venue["_id"] if row.is_exact else own_id_of(row)
        same_id = stored.get(venue["_id"])
        if same_id is not None:
            may_update = self.run.options.update and same_id.get("owner_id") == venue.get("owner_id")
            if key_of(same_id) == key_of(venue) or may_update:
                self._add_present(draft, venue["_id"], batch)
            else:
                self.run.report.add_faults(row, [make_field_fault("id", STORED_ID)])
            return
        present = self._known.find_stored(venue)
        # An export may contain two such venues. Both have ids, and both come back.
        if present is not None and (own_id is None or ("venues", present) not in self.run.seen):
            if own_id is not None:
                self.run.stored_as[own_id] = present
            self._add_present(draft, present, batch)
        elif own_id is None and self._known.is_in_file(venue):
            self.run.report.add_present(row, "an earlier row has the same venue")
        else:
            self._add_new(draft, own_id, batch)

    def _add_new(self, draft: Draft, own_id: ObjectId | None, batch: VenueBatch) -> None:
        venue, owner_id = draft.venue, draft.venue.get("owner_id")
        batch.documents.append(encode(venue))
        self._known.add(venue)
        if text_of(draft.row, "owner_email") and owner_id is not None:
            batch.account_ids.append(owner_id)
            if (account := self._unsaved.pop(owner_id, None)) is not None:
                batch.new_accounts.append(account)
        if own_id is not None:
            self.run.pending[own_id] = {"dates_available": _dates_of(venue)}
        else:
            batch.new_keys |= {key for key in [key_of(venue)] if key}

    def _add_present(self, draft: Draft, venue_id: ObjectId, batch: VenueBatch) -> None:
        """Report a venue that is there already, or with --update add the fields of the row that differ."""
        stored = venues.read_venues(self.run.db, [venue_id]).get(venue_id) if self.run.options.update else None
        given: Mapping[str, Any] = draft.venue
        names = (draft.fields & given.keys()) - KEPT
        changes = {name: given[name] for name in names if stored is not None and stored.get(name) != given[name]}
        if stored is None or not changes:
            hint = "" if self.run.options.update else " (--update brings it up to date)"
            self.run.report.add_present(draft.row, f"this venue is there already{hint}")
        elif fault := self._find_fault(stored, changes):
            self.run.report.add_faults(draft.row, [fault])
        else:
            batch.updates.append(VenueUpdate(venue_id, changes, self.run.now))

    def _find_fault(self, stored: VenueDocument, changes: Mapping[str, Any]) -> FieldFault | None:
        """Return why the stored venue can't have these changes, or None. The transaction has the same checks."""
        if removed := self._booked_dates(stored, changes):
            message = f"{', '.join(removed)} can't be taken away: an active booking has the date"
            return make_field_fault("dates_available", message)
        if changes.get("is_listed") is True and is_hidden(stored):
            return make_field_fault("is_listed", HiddenByOperator.message)
        try:
            check_growth(stored, cast("VenueDocument", {**stored, **changes}))
        except Invalid as error:
            return make_field_fault("", error.details[0]["message"])
        return None

    def _booked_dates(self, stored: VenueDocument, changes: Mapping[str, Any]) -> list[str]:
        """Return the upcoming booked dates that the changes would take away."""
        if "dates_available" not in changes:
            return []
        removed = set(_dates_of(stored)) - set(_dates_of(changes))
        booked = find_active_dates(self.run.db, stored["_id"], from_date=day_in_karachi(self.run.now))
        return sorted(removed & booked)


def make_venue(row: Mapping[str, Any], listed: ListedVenue, owner_id: ObjectId, now: datetime) -> VenueDocument:
    """Return the document of a valid row."""
    return {**new_venue(owner_id, listed, now), **own_fields(row, listed, now)}


def _dates_of(venue: Mapping[str, Any]) -> list[str]:
    """Return the offered dates. Most venues have the same dates: interned strings are stored in memory once."""
    dates = venue.get("dates_available")
    return [sys.intern(date) for date in dates if isinstance(date, str)] if isinstance(dates, list) else []
