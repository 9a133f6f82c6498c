"""What HTTP sees of closing an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint

from halls.accounts.account import Account, BadCredentials
from halls.accounts.routes import FAILED_CHANGES
from halls.accounts.schemas import AccountClosure
from halls.closure.service import close_account
from halls.errors import RateLimited
from halls.venues.schemas import Deleted
from halls.venues.venue import HasBookings
from halls.web import endpoint

if TYPE_CHECKING:
    from datetime import datetime

    from halls.mongo.client import Db
    from halls.service import Service

blueprint = Blueprint("closure", __name__)


@endpoint(
    blueprint,
    "DELETE /auth/me",
    body=AccountClosure,
    body_optional=True,
    reply=Deleted,
    refusals=[BadCredentials, HasBookings, RateLimited],
)
def delete_own_account(
    service: Service, db: Db, caller: Account, body: AccountClosure, now: datetime
) -> dict[str, Any]:
    """Delete the caller's account and personal data; its coming bookings are cancelled."""
    service.limiter.hit(FAILED_CHANGES, str(caller.id))
    close_account(db, caller, body.password, now)
    service.limiter.forgive(FAILED_CHANGES, str(caller.id))
    return {"deleted": True}
