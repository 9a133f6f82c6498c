"""Tells whether the service is alive, and whether it is ready to take bookings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from flask import Blueprint

from halls.errors import DatabaseUnavailable
from halls.schema import Reply
from halls.web import Access, endpoint

if TYPE_CHECKING:
    from datetime import datetime

    from halls.mongo.client import Db

blueprint = Blueprint("health", __name__)


class Health(Reply):
    """The service's state."""

    status: Literal["up", "ready"]


@endpoint(blueprint, "GET /health", reply=Health, access=Access.PUBLIC)
def get_health() -> dict[str, str]:
    """Alive: touches nothing else."""
    return {"status": "up"}


@endpoint(blueprint, "GET /health/ready", reply=Health, access=Access.PUBLIC, refusals=[DatabaseUnavailable])
def get_readiness(db: Db, now: datetime) -> dict[str, str]:
    """Ready: a write reaches a majority of the database's nodes."""
    # Only a write tells: a primary that lost its majority, or its disk, still answers reads.
    db["readiness"].update_one({"_id": "probe"}, {"$set": {"at": now}}, upsert=True)
    return {"status": "ready"}
