"""Makes sure at start that every index and validator is there, and refuses data that contradicts them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import structlog
from pymongo.errors import CollectionInvalid, OperationFailure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pymongo import IndexModel

    from halls.mongo.client import Db, Document

log = structlog.get_logger()
# For the server alone: `pymongo.timeout` would also make us wait so long for a server that has gone.
BUILD_MS = 600_000
REAPED_AFTER_SECONDS = 5
NAMED_AT_MOST = 20
INDEX_OPTIONS = ("unique", "sparse", "partialFilterExpression", "expireAfterSeconds", "hidden")
DUPLICATE_KEY, OPTIONS_CONFLICT, KEY_SPECS_CONFLICT = 11000, 85, 86


@dataclass(frozen=True)
class CollectionSpec:
    """A collection's indexes, and a validator that keeps impossible documents out."""

    name: str
    indexes: Sequence[IndexModel]
    validator: Document | None = None


class IncompatibleDataError(Exception):
    """What is in the database can't be served safely. The message names documents, repairs nothing."""


def ensure_collections(db: Db, plans: Sequence[CollectionSpec]) -> None:
    """Create what is missing of `plans`. Safe to run from several processes at once.

    Raises ContradictingData, having changed nothing of what contradicts; PyMongoError when the database is away.
    """
    _refuse_standalone(db)
    _warn_of_long_transactions(db)
    for plan in plans:
        if plan.validator is not None:
            _ensure_validator(db, plan.name, plan.validator)
        _ensure_indexes(db, plan)


def find_duplicates(db: Db, collection: str, index: IndexModel) -> Iterator[list[str]]:
    """Yield the ids of the documents that share a key of the unique `index`, one list a key."""
    document = index.document
    keys = {f"k{number}": f"${field}" for number, field in enumerate(document["key"])}
    collation = document.get("collation")
    pipeline: list[Document] = [
        {"$match": document.get("partialFilterExpression", {})},
        {"$group": {"_id": keys, "ids": {"$push": {"$toString": "$_id"}}, "count": {"$sum": 1}}},
        {"$match": {"count": {"$gt": 1}}},
    ]
    options = {"collation": collation} if collation else {}
    for group in db[collection].aggregate(pipeline, allowDiskUse=True, **options):
        yield group["ids"]


def _refuse_standalone(db: Db) -> None:
    hello = db.client.admin.command("hello")
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise IncompatibleDataError(
            "This MongoDB runs alone, without transactions. Start mongod with --replSet rs0 and run rs.initiate() once."
        )


def _warn_of_long_transactions(db: Db) -> None:
    # A client killed inside a transaction blocks its venue until the server reaps it: after 60 s by default.
    name = "transactionLifetimeLimitSeconds"
    try:
        seconds = db.client.admin.command({"getParameter": 1, name: 1})[name]
    except OperationFailure:
        return  # not for this account to know
    if seconds > REAPED_AFTER_SECONDS:
        log.warning("set transactionLifetimeLimitSeconds lower", seconds=seconds, recommended=REAPED_AFTER_SECONDS)


def _ensure_validator(db: Db, name: str, validator: Document) -> None:
    found = next(db.list_collections(filter={"name": name}), None)
    if found is None:
        try:
            db.create_collection(name, validator=validator, check_exists=False)
        except (CollectionInvalid, OperationFailure):
            # Another worker was faster, or a tool made the collection meanwhile: the second look decides.
            found = next(db.list_collections(filter={"name": name}), None)
            if found is None:
                raise
        else:
            return
    if found["options"].get("validator") != validator:
        bad = [str(row["_id"]) for row in db[name].find({"$nor": [validator]}, {"_id": 1}).limit(NAMED_AT_MOST)]
        if bad:
            raise _incompatible(f"{name} that break its rules: {', '.join(bad)}")
        db.command("collMod", name, validator=validator, validationLevel="moderate")


def _ensure_indexes(db: Db, plan: CollectionSpec) -> None:
    present = list(db[plan.name].list_indexes())
    missing = [index for index in plan.indexes if not any(is_same_index(index.document, found) for found in present)]
    if not missing:
        return
    try:
        # A majority is enough: with the default quorum one stopped secondary would hang the start for ever.
        db[plan.name].create_indexes(missing, commitQuorum="majority", maxTimeMS=BUILD_MS)
    except OperationFailure as error:
        if error.code in {OPTIONS_CONFLICT, KEY_SPECS_CONFLICT}:
            raise _incompatible(f"an index of {plan.name} under another definition: {error}") from error
        if error.code != DUPLICATE_KEY:
            raise
        unique = (index for index in plan.indexes if index.document.get("unique"))
        rows = (" = ".join(ids) for index in unique for ids in find_duplicates(db, plan.name, index))
        named = "; ".join(islice(rows, NAMED_AT_MOST))
        raise _incompatible(f"{plan.name} that must differ but don't: {named}") from error


def is_same_index(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Tell whether the index `found` in the database does what `wanted` asks for, under whatever name."""
    if list(wanted["key"].items()) != list(found["key"].items()):
        return False
    if any((wanted.get(option) or None) != (found.get(option) or None) for option in INDEX_OPTIONS):
        return False
    # The server writes out what a collation leaves open.
    collation, present = wanted.get("collation", {}), found.get("collation", {})
    return bool(collation) == bool(present) and collation.items() <= present.items()


def _incompatible(found: str) -> IncompatibleDataError:
    return IncompatibleDataError(
        f"The database holds {found}.\nNothing was changed. `halls check` lists every document that breaks a promise."
    )
