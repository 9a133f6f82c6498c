"""Routes of the e-mails to accounts: verify or disown the address, and choose the e-mails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint

from halls.accounts import service as accounts
from halls.accounts import verification
from halls.accounts.account import Account, BadLink, serialize_preferences, serialize_profile
from halls.accounts.authentication import Access
from halls.accounts.email_schemas import EmailToken, OwnPreferences, PreferencesChange
from halls.accounts.schemas import Message, OwnProfile
from halls.errors import RateLimited
from halls.http.endpoint import endpoint, note_event
from halls.http.rate_limits import Limit

if TYPE_CHECKING:
    from datetime import datetime

    from halls.context import AppContext
    from halls.mongo.client import Db

blueprint = Blueprint("account_emails", __name__)
DISOWNINGS = Limit("disown-email", 20, 60, strict=True)
VERIFICATIONS = Limit("verify-email", 20, 60, by_account=True)


@endpoint(
    blueprint,
    "POST /auth/verify-email",
    body=EmailToken,
    security_event="verify",
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
    security_event="disown",
    response=Message,
    errors=[BadLink, RateLimited],
    limits=[DISOWNINGS],
)
def disown_email(db: Db, body: EmailToken, now: datetime) -> dict[str, str]:
    """Say that the account of a verification e-mail is not yours: it loses its password, and gets no more e-mail."""
    note_event(account_id=verification.disown_email(db, body.token, now))
    return {"message": "Nobody can use this account, and it gets no more e-mail. To take it over, reset its password."}


@endpoint(blueprint, "GET /auth/me/preferences", response=OwnPreferences)
def get_preferences(caller: Account) -> dict[str, Any]:
    """Return which e-mails the caller gets."""
    return serialize_preferences(caller.preferences)


@endpoint(blueprint, "PATCH /auth/me/preferences", body=PreferencesChange, response=OwnPreferences)
def change_preferences(db: Db, caller: Account, body: PreferencesChange) -> dict[str, Any]:
    """Choose which e-mails the caller gets. They count when an e-mail is sent."""
    changes = body.given_some()
    changed = accounts.change_preferences(db, caller, {**changes.pop("emails", {}), **changes})
    return serialize_preferences(changed.preferences)


# A path, because the response is 200 also for a token with a slash.
@endpoint(blueprint, "POST /emails/unsubscribe/<path:token>", access=Access.PUBLIC, response=Message)
def unsubscribe(context: AppContext, db: Db, token: str) -> dict[str, str]:
    """Switch off one kind of e-mail, by the link in such an e-mail (RFC 8058). The body is ignored."""
    accounts.unsubscribe(db, token, [context.config.secret, *context.config.old_secrets])
    return {"message": "You get no more e-mails of this kind."}
