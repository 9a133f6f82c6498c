"""Queries on the collection `uploads`: the files for which upload addresses were signed, and their sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pymongo import ASCENDING, IndexModel
from typing_extensions import TypedDict

from halls.mongo.indexes import CollectionSpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bson import ObjectId

    from halls.mongo.client import Db, Document, Session

COLLECTION = CollectionSpec("uploads", [IndexModel([("owner_id", ASCENDING)], name="uploads_of_owner")])


# A smaller file counts like this: otherwise an account could have millions of them, and each count reads them all.
MIN_COUNTED_BYTES = 64 * 1024


class UploadDocument(TypedDict, total=False):
    """A document of the collection `uploads`. The file itself may never have been sent."""

    # The key of the file: `venues/OWNER/NAME`.
    _id: str
    owner_id: ObjectId
    # The size that the address was signed for.
    size: int
    # Since when no venue of the owner has the file: at first since the signature. None: a venue has it.
    unused_since: datetime | None


def insert_upload(db: Db, key: str, owner_id: ObjectId, size: int, now: datetime, session: Session) -> None:
    """Insert a file that an upload address is signed for."""
    upload: UploadDocument = {"_id": key, "owner_id": owner_id, "size": size, "unused_since": now}
    db.uploads.insert_one(cast("Document", upload), session=session)


def count_bytes(db: Db, owner_id: ObjectId, session: Session) -> int:
    """Return the bytes of all files of an owner, at least MIN_COUNTED_BYTES for each."""
    stages: list[Document] = [
        {"$match": {"owner_id": owner_id}},
        {"$group": {"_id": None, "bytes": {"$sum": {"$max": ["$size", MIN_COUNTED_BYTES]}}}},
    ]
    return sum(row["bytes"] for row in db.uploads.aggregate(stages, session=session))


def list_uploads(db: Db) -> Iterator[UploadDocument]:
    """Yield all files."""
    yield from cast("Iterator[UploadDocument]", db.uploads.find({}))


def set_unused_since(db: Db, key: str, moment: datetime | None) -> None:
    """Record since when no venue has the file."""
    db.uploads.update_one({"_id": key}, {"$set": {"unused_since": moment}})


def delete_upload(db: Db, key: str) -> None:
    """Delete the record of a file, which then no longer counts."""
    db.uploads.delete_one({"_id": key})


def delete_uploads(db: Db, owner_id: ObjectId) -> None:
    """Delete the records of all files of an owner."""
    db.uploads.delete_many({"owner_id": owner_id})
