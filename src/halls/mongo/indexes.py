"""Creates missing indexes and validators at start, and stops the start if stored data contradicts them."""

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
# A limit in the server. With `pymongo.timeout` the client would also wait this long for a server that is away.
BUILD_MS = 600_000
RECOMMENDED_LIFETIME_SECONDS = 5
MAX_LISTED = 20
INDEX_OPTIONS = ("unique", "sparse", "partialFilterExpression", "expireAfterSeconds", "hidden")
DUPLICATE_KEY, OPTIONS_CONFLICT, KEY_SPECS_CONFLICT = 11000, 85, 86


@dataclass(frozen=True)
class CollectionSpec:
    """The indexes of a collection, and the validator with which MongoDB rejects invalid documents."""

    name: str
    indexes: Sequence[IndexModel]
    validator: Document | None = None


class IncompatibleDataError(Exception):
    """The stored data can't be served safely. The message lists document ids. Nothing was changed."""


def ensure_collections(db: Db, specs: Sequence[CollectionSpec]) -> None:
    """Create the missing collections, indexes and validators. Several processes may call it at the same time.

    Raises IncompatibleDataError, without changing a document, and PyMongoError if the database is away.
    """
    _require_replica_set(db)
    _warn_of_long_transactions(db)
    for spec in specs:
        if spec.validator is not None:
            _ensure_validator(db, spec.name, spec.validator)
        _ensure_indexes(db, spec)


def find_duplicates(db: Db, collection: str, index: IndexModel) -> Iterator[list[str]]:
    """Yield a list of document ids for each key of the unique `index` that several documents have."""
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


@dataclass(frozen=True)
class StoredIndex:
    """An index as MongoDB stores it."""

    name: str
    # Field names with 1, -1 or a type such as "2dsphere".
    keys: dict[str, Any]
    unique: bool
    # The index contains only the documents that match this filter. None: all.
    filter: Document | None


def list_stored_indexes(db: Db, spec: CollectionSpec) -> list[StoredIndex]:
    """Return all indexes of a collection, sorted by name."""
    found = [
        # The index on _id is always unique. MongoDB does not say so.
        StoredIndex(name, dict(index["key"]), index.get("unique", name == "_id_"), index.get("partialFilterExpression"))
        for name, index in db[spec.name].index_information().items()
    ]
    return sorted(found, key=lambda index: index.name)


def has_collections(db: Db, specs: Sequence[CollectionSpec]) -> bool:
    """Return whether at least one of the collections exists. Otherwise the database is new, or another one."""
    return bool({spec.name for spec in specs} & set(db.list_collection_names()))


def count_documents(db: Db, spec: CollectionSpec) -> int:
    """Return the number of documents in a collection."""
    return db[spec.name].count_documents({})


def _require_replica_set(db: Db) -> None:
    hello = db.client.admin.command("hello")
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise IncompatibleDataError(
            "This MongoDB is not a replica set, so it has no transactions. Start mongod with --replSet rs0 and run "
            "rs.initiate() once."
        )


def _warn_of_long_transactions(db: Db) -> None:
    # If a client is killed in a transaction, its venue stays locked until the server ends the transaction (60 s).
    name = "transactionLifetimeLimitSeconds"
    try:
        seconds = db.client.admin.command({"getParameter": 1, name: 1})[name]
    except OperationFailure:
        return  # the database account may not read this parameter
    if seconds > RECOMMENDED_LIFETIME_SECONDS:
        log.warning(
            "set transactionLifetimeLimitSeconds lower", seconds=seconds, recommended=RECOMMENDED_LIFETIME_SECONDS
        )


def _ensure_validator(db: Db, name: str, validator: Document) -> None:
    stored = next(db.list_collections(filter={"name": name}), None)
    if stored is None:
        try:
            # Moderate: a booking that an external writer inserted past the validator can still be cancelled.
            db.create_collection(name, validator=validator, validationLevel="moderate", check_exists=False)
        except (CollectionInvalid, OperationFailure):
            # Another worker or an external writer may have created the collection meanwhile: read it again.
            stored = next(db.list_collections(filter={"name": name}), None)
            if stored is None:
                raise
        else:
            return
    if stored["options"].get("validator") != validator:
        invalid = [str(row["_id"]) for row in db[name].find({"$nor": [validator]}, {"_id": 1}).limit(MAX_LISTED)]
        if invalid:
            raise _incompatible(f"{name} that the validator rejects: {', '.join(invalid)}")
        db.command("collMod", name, validator=validator, validationLevel="moderate")


def _ensure_indexes(db: Db, spec: CollectionSpec) -> None:
    existing = list(db[spec.name].list_indexes())
    missing = [index for index in spec.indexes if not any(is_same_index(index.document, each) for each in existing)]
    if not missing:
        return
    try:
        # A majority, because with the default quorum one stopped secondary blocks the start.
        db[spec.name].create_indexes(missing, commitQuorum="majority", maxTimeMS=BUILD_MS)
    except OperationFailure as error:
        if error.code in {OPTIONS_CONFLICT, KEY_SPECS_CONFLICT}:
            raise _incompatible(_describe_conflicts(spec.name, missing, existing)) from error
        if error.code != DUPLICATE_KEY:
            raise
        unique = (index for index in spec.indexes if index.document.get("unique"))
        rows = (" = ".join(ids) for index in unique for ids in find_duplicates(db, spec.name, index))
        duplicates = "; ".join(islice(rows, MAX_LISTED))
        raise _incompatible(f"{spec.name} with the same key of a unique index: {duplicates}") from error


def _describe_conflicts(collection: str, missing: Sequence[IndexModel], existing: Sequence[Mapping[str, Any]]) -> str:
    """Return which stored indexes stand in the way of missing ones, by name or keys, and how to drop them."""
    wanted = [index.document for index in missing]
    names = [
        stored["name"]
        for stored in existing
        if any(stored["name"] == new["name"] or dict(stored["key"]) == dict(new["key"]) for new in wanted)
    ]
    commands = "; ".join(f'db.{collection}.dropIndex("{name}")' for name in names)
    return (
        f"an index of {collection} with another definition: {', '.join(names)}. Drop it in mongosh with {commands}, "
        "and start again: the start creates the right one"
    )


def is_same_index(expected: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    """Return whether the stored index has the keys, options and collation of the expected one. Names may differ."""
    if list(expected["key"].items()) != list(stored["key"].items()):
        return False
    if any((expected.get(option) or None) != (stored.get(option) or None) for option in INDEX_OPTIONS):
        return False
    # The server stores a collation with all its defaults.
    collation, stored_collation = expected.get("collation", {}), stored.get("collation", {})
    return bool(collation) == bool(stored_collation) and collation.items() <= stored_collation.items()


def _incompatible(data: str) -> IncompatibleDataError:
    return IncompatibleDataError(
        f"The database holds {data}.\nNothing was changed. Run `halls check` to list every violated invariant."
    )
