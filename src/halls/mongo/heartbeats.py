"""Heartbeats: when each background task last ran without an error, on any machine (collection `heartbeats`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from halls.mongo.client import Db


def save_heartbeat(db: Db, task: str, now: datetime) -> None:
    """Record that the task works at `now`."""
    db["heartbeats"].update_one({"_id": task}, {"$max": {"at": now}}, upsert=True)


def list_heartbeats(db: Db) -> dict[str, datetime]:
    """Return the time of the last heartbeat of each task that ever ran."""
    return {str(row["_id"]): row["at"] for row in db["heartbeats"].find()}
