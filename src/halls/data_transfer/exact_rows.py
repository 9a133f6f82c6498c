"""Exact copies of documents that the API could not have written, as MongoDB Extended JSON.

The row of such a document has its fields as they are stored, the object `stored` as a mark, and the e-mail addresses of
its accounts. Import restores it without the rules of the API for new data.
"""

from __future__ import annotations

import json
from datetime import timezone
from typing import TYPE_CHECKING, Any

import bson
from bson import ObjectId, json_util
from bson.errors import BSONError
from bson.json_util import JSONMode, JSONOptions

from halls.http.schema import parse_id

if TYPE_CHECKING:
    from collections.abc import Mapping

# Fields with these names in a document stand in `stored`.
ACCOUNT_FIELDS = {"owner_email": "owner_id", "user_email": "user_id"}
OWN_NAMES = ("id", "owner_email", "user_email", "venue_owner_email", "stored")
NOT_EXTENDED_JSON = (BSONError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
OPTIONS = JSONOptions(json_mode=JSONMode.RELAXED, tz_aware=True, tzinfo=timezone.utc)


class UnreadableCopy(ValueError):
    """The row is not Extended JSON, or not a document that MongoDB can store."""


def make_exact_row(document: Mapping[str, Any], emails: Mapping[Any, str]) -> dict[str, Any]:
    """Return the row of a venue or a booking. `emails` has the addresses of its accounts by id."""
    plain = json.loads(json_util.dumps(document, json_options=OPTIONS))
    stored = {name: plain.pop(name) for name in OWN_NAMES if name in plain}
    row: dict[str, Any] = {}
    if isinstance(document["_id"], ObjectId):
        del plain["_id"]
        row["id"] = str(document["_id"])
    row |= plain
    for email, name in ACCOUNT_FIELDS.items():
        if (account_id := as_id(document.get(name))) in emails:
            del row[name]
            row[email] = emails[account_id]
    if (owner_id := gone_owner_id(document)) in emails:
        row["venue_owner_email"] = emails[owner_id]
    return row | {"stored": stored}


def read_exact_row(row: Mapping[str, Any], account_ids: Mapping[str, ObjectId]) -> dict[str, Any]:
    """Return the document of a row. `account_ids` has the ids of the accounts whose addresses the row has, by field.

    Raises UnreadableCopy.
    """
    plain = {name: value for name, value in row.items() if name not in OWN_NAMES} | row["stored"]
    try:
        document: dict[str, Any] = json_util.loads(json.dumps(plain), json_options=OPTIONS)
        bson.encode(document)
    except NOT_EXTENDED_JSON:
        raise UnreadableCopy("is not a document in MongoDB Extended JSON") from None
    own_id = parse_id(str(row.get("id"))) or document.pop("_id", None)
    if own_id is None or isinstance(own_id, dict):
        raise UnreadableCopy("needs an id")
    for email, name in ACCOUNT_FIELDS.items():
        if email in account_ids:
            document[name] = account_ids[email]
    if "venue_owner_email" in account_ids and isinstance(document.get("venue"), dict):
        document["venue"]["owner_id"] = account_ids["venue_owner_email"]
    return {"_id": own_id, **document}


def as_id(value: Any) -> ObjectId | None:
    """Return the id in a field. External writers may store other types, which are not ids of accounts."""
    return value if isinstance(value, ObjectId) else None


def gone_owner_id(booking: Mapping[str, Any]) -> ObjectId | None:
    """Return the owner in the copy of a deleted venue that a booking has."""
    venue = booking.get("venue")
    return as_id(venue.get("owner_id")) if isinstance(venue, dict) else None
