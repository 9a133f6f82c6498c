"""What HTTP sees of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint

from halls.accounts import service as accounts
from halls.accounts.account import Account, BadCredentials, BadResetToken, EmailTaken, profile_of
from halls.accounts.google import BadGoogleToken, GoogleNotConfigured, GoogleUnavailable
from halls.accounts.schemas import (
    GoogleSignIn,
    Login,
    Message,
    OwnProfile,
    PasswordChange,
    PasswordReset,
    ProfileChange,
    ResetRequest,
    Session,
    Signup,
)
from halls.accounts.tokens import make_token
from halls.errors import RateLimited
from halls.limits import Limit
from halls.service import Access, Service
from halls.web import client_network, endpoint

if TYPE_CHECKING:
    from datetime import datetime

    from halls.mongo.client import Db

blueprint = Blueprint("accounts", __name__)
MINUTE = 60
SIGNUPS = Limit("signup", 20, MINUTE)
LOGINS = Limit("login", 30, MINUTE, strict=True)
FAILED_LOGINS = Limit("failed-login", 10, 5 * MINUTE, strict=True)
GOOGLE_SIGN_INS = Limit("google", 20, MINUTE)
RESET_REQUESTS = Limit("forgot", 20, MINUTE)
RESETS = Limit("reset", 20, MINUTE, strict=True)
FAILED_CHANGES = Limit("failed-change", 10, 5 * MINUTE, by_account=True, strict=True)


def _open_session(service: Service, account: Account, now: datetime) -> dict[str, Any]:
    config = service.config
    token, expires_at = make_token(account, secret=config.secret, now=now, hours=config.jwt_expires_hours)
    return {"token": token, "expires_at": expires_at, "profile": profile_of(account)}


@endpoint(
    blueprint,
    "POST /auth/signup",
    access=Access.PUBLIC,
    body=Signup,
    reply=Session,
    status=201,
    refusals=[EmailTaken, RateLimited],
    limits=[SIGNUPS],
)
def sign_up(service: Service, db: Db, body: Signup, now: datetime) -> dict[str, Any]:
    """Make an account with a password, and log in."""
    return _open_session(service, accounts.sign_up(db, body, now), now)


@endpoint(
    blueprint,
    "POST /auth/login",
    access=Access.PUBLIC,
    body=Login,
    reply=Session,
    refusals=[BadCredentials, RateLimited],
    limits=[LOGINS],
)
def log_in(service: Service, db: Db, body: Login, now: datetime) -> dict[str, Any]:
    """Log in with e-mail address and password."""
    # By address and account together: strangers who guess can't shut the owner out, who comes from elsewhere.
    who = (client_network(), body.email)
    service.limiter.hit(FAILED_LOGINS, *who)
    account = accounts.log_in(db, body)
    service.limiter.forgive(FAILED_LOGINS, *who)
    return _open_session(service, account, now)


@endpoint(
    blueprint,
    "POST /auth/google",
    access=Access.PUBLIC,
    body=GoogleSignIn,
    reply=Session,
    refusals=[BadGoogleToken, EmailTaken, GoogleUnavailable, GoogleNotConfigured, RateLimited],
    limits=[GOOGLE_SIGN_INS],
)
def sign_in_with_google(service: Service, db: Db, body: GoogleSignIn, now: datetime) -> dict[str, Any]:
    """Log in, or sign up at the first time, with Google's id token."""
    person = service.google.verify(body.id_token)
    return _open_session(service, accounts.sign_in_with_google(db, person, body, now), now)


@endpoint(
    blueprint,
    "POST /auth/forgot-password",
    access=Access.PUBLIC,
    body=ResetRequest,
    reply=Message,
    refusals=[RateLimited],
    limits=[RESET_REQUESTS],
)
def request_reset(db: Db, body: ResetRequest, now: datetime) -> dict[str, str]:
    """Mail a link to choose a new password, if the address is an account's; the answer never tells."""
    accounts.request_reset(db, body.email, now)
    return {"message": "If there is an account with this address, a letter with a link is on its way."}


@endpoint(
    blueprint,
    "POST /auth/reset-password",
    access=Access.PUBLIC,
    body=PasswordReset,
    reply=Message,
    refusals=[BadResetToken, RateLimited],
    limits=[RESETS],
)
def reset_password(db: Db, body: PasswordReset, now: datetime) -> dict[str, str]:
    """Choose a new password with a mailed token; every older token stops working."""
    accounts.reset_password(db, body, now)
    return {"message": "Your password is changed. Log in with the new one."}


@endpoint(blueprint, "GET /auth/me", reply=OwnProfile)
def get_profile(caller: Account) -> dict[str, Any]:
    """Return the caller's own profile."""
    return {"profile": profile_of(caller)}


@endpoint(blueprint, "PATCH /auth/me", body=ProfileChange, reply=Session)
def change_profile(service: Service, db: Db, caller: Account, body: ProfileChange, now: datetime) -> dict[str, Any]:
    """Change the caller's profile; the new token carries the new role."""
    changed = accounts.change_profile(db, caller, body.given_some(), now)
    return _open_session(service, changed, now)


@endpoint(
    blueprint,
    "POST /auth/change-password",
    body=PasswordChange,
    reply=Session,
    refusals=[BadCredentials, RateLimited],
)
def change_password(service: Service, db: Db, caller: Account, body: PasswordChange, now: datetime) -> dict[str, Any]:
    """Set a new password; every older token stops working."""
    service.limiter.hit(FAILED_CHANGES, str(caller.id))
    account = accounts.change_password(db, caller, body, now)
    service.limiter.forgive(FAILED_CHANGES, str(caller.id))
    return _open_session(service, account, now)
