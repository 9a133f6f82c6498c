"""What HTTP sees of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint

from halls.accounts import service as accounts
from halls.accounts.account import Account, BadCredentials, EmailTaken, profile_of
from halls.accounts.schemas import Login, OwnProfile, PasswordChange, ProfileChange, Session, Signup
from halls.accounts.tokens import make_token
from halls.web import Access, Service, endpoint

if TYPE_CHECKING:
    from datetime import datetime

    from halls.mongo.client import Db

blueprint = Blueprint("accounts", __name__)


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
    refusals=[EmailTaken],
)
def sign_up(service: Service, db: Db, body: Signup, now: datetime) -> dict[str, Any]:
    """Make an account with a password, and log in."""
    return _open_session(service, accounts.sign_up(db, body, now), now)


@endpoint(blueprint, "POST /auth/login", access=Access.PUBLIC, body=Login, reply=Session, refusals=[BadCredentials])
def log_in(service: Service, db: Db, body: Login, now: datetime) -> dict[str, Any]:
    """Log in with e-mail address and password."""
    return _open_session(service, accounts.log_in(db, body), now)


@endpoint(blueprint, "GET /auth/me", reply=OwnProfile)
def get_profile(caller: Account) -> dict[str, Any]:
    """Return the caller's own profile."""
    return {"profile": profile_of(caller)}


@endpoint(blueprint, "PATCH /auth/me", body=ProfileChange, reply=Session)
def change_profile(service: Service, db: Db, caller: Account, body: ProfileChange, now: datetime) -> dict[str, Any]:
    """Change the caller's profile; the new token carries the new role."""
    changed = accounts.change_profile(db, caller, body.given_some(), now)
    return _open_session(service, changed, now)


@endpoint(blueprint, "POST /auth/change-password", body=PasswordChange, reply=Session, refusals=[BadCredentials])
def change_password(service: Service, db: Db, caller: Account, body: PasswordChange, now: datetime) -> dict[str, Any]:
    """Set a new password; every older token stops working."""
    return _open_session(service, accounts.change_password(db, caller, body, now), now)
