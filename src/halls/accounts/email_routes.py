"""Routes of the e-mails to accounts: the address is verified, or disowned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint

from halls.accounts import verification
from halls.accounts.account import Account, BadLink, serialize_profile
from halls.accounts.authentication import Access
from halls.accounts.email_schemas import EmailToken
from halls.accounts.schemas import Message, OwnProfile
from halls.errors import RateLimited
from halls.http.endpoint import endpoint
from halls.http.rate_limits import Limit

if TYPE_CHECKING:
    from datetime import datetime

    from halls.mongo.client import Db

blueprint = Blueprint("account_emails", __name__)
DISOWNINGS = Limit("disown-email", 20, 60, strict=True)
VERIFICATIONS = Limit("verify-email", 20, 60, by_account=True)


@endpoint(
    blueprint,
    "POST /auth/verify-email",
    body=EmailToken,
    response=OwnProfile,
    errors=[BadLink, RateLimited],
    limits=[VERIFICATIONS],
)
def verify_email(db: Db, caller: Account, body: EmailToken, now: datetime) -> dict[str, Any]:
    """Verify the caller's e-mail address with the token of an e-mail. A verified address stays verified."""
    return {"profile": serialize_profile(verification.verify_email(db, caller, body.token, now))}


@endpoint(blueprint, "POST /auth/verify-email/send", response=Message)
def send_verify_email(db: Db, caller: Account, now: datetime) -> dict[str, str]:
    """E-mail a new verification link: one in three minutes, five a day and ten in total, for an unverified address."""
    verification.request_verification(db, caller, now)
    return {"message": "If your address is not verified yet, an e-mail with a link is on its way."}


@endpoint(
    blueprint,
    "POST /auth/disown-email",
    access=Access.PUBLIC,
    body=EmailToken,
    response=Message,
    errors=[BadLink, RateLimited],
    limits=[DISOWNINGS],
)
def disown_email(db: Db, body: EmailToken, now: datetime) -> dict[str, str]:
    """Say that the account of a verification e-mail is not yours: it loses its password, and gets no more e-mail."""
    verification.disown_email(db, body.token, now)
    return {"message": "Nobody can use this account, and it gets no more e-mail. To take it over, reset its password."}
