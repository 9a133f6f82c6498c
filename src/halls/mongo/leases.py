"""Leases: at most one process, on any machine, does a kind of work (collection `leases`)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import pymongo
from bson import ObjectId
from pymongo import ReturnDocument

if TYPE_CHECKING:
    from halls.mongo.client import Db

DATABASE_SECONDS = 5.0


class Lease:
    """A lease that another process gets if its holder does not renew it for `seconds`.

    The database's clock decides, because the clocks of two machines differ. A process that was paused may work after
    its lease has expired, so work under a lease must be harmless if two processes do it.
    """

    def __init__(self, db: Db, name: str, seconds: float) -> None:
        self._leases = db["leases"]
        self._name = name
        self._seconds = seconds
        self._holder = ObjectId()
        self._renew_at = float("-inf")

    def hold(self) -> bool:
        """Acquire or renew the lease, and return whether this object holds it. Raises PyMongoError."""
        if time.monotonic() < self._renew_at:
            return True
        began = time.monotonic()
        is_held: bool = self._write() == self._holder
        self._renew_at = began + self._seconds / 3 if is_held else float("-inf")
        return is_held

    def _write(self) -> ObjectId:
        """Write the lease if it is free or expired, and return its holder."""
        # A missing `expires_at`, of a new document, is less than any time.
        is_free = {"$or": [{"$eq": ["$holder", self._holder]}, {"$lte": ["$expires_at", "$$NOW"]}]}
        expires_at = {"$add": ["$$NOW", int(self._seconds * 1000)]}
        is_own = {"$eq": ["$holder", self._holder]}
        steps: list[dict[str, Any]] = [
            {"$set": {"holder": {"$cond": [is_free, self._holder, "$holder"]}}},
            {"$set": {"expires_at": {"$cond": [is_own, expires_at, "$expires_at"]}}},
        ]
        # A database that hangs may never report an error.
        with pymongo.timeout(DATABASE_SECONDS):
            stored = self._leases.find_one_and_update(
                {"_id": self._name}, steps, upsert=True, return_document=ReturnDocument.AFTER
            )
        return cast("ObjectId", stored["holder"] if stored else None)

    def release(self) -> None:
        """Let another process acquire the lease at once. Raises PyMongoError."""
        self._renew_at = float("-inf")
        with pymongo.timeout(DATABASE_SECONDS):
            self._leases.delete_one({"_id": self._name, "holder": self._holder})
