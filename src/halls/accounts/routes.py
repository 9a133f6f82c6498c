"""Routes of accounts: sign-up, login, logout, profile, passwords and deletion."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint

from halls.accounts import service as accounts
from halls.accounts.account import (
    Account,
    BadCredentials,
    BadResetToken,
    EmailTaken,
    Suspended,
    WrongPassword,
    serialize_profile,
)
from halls.accounts.authentication import Access
from halls.accounts.deletion import delete_account
from halls.accounts.google import BadGoogleToken, GoogleNotConfigured, GoogleUnavailable
from halls.accounts.login_limits import DAY, MINUTE, forget_failures, limit_logins
from halls.accounts.reset_limits import may_request_reset
from halls.accounts.schemas import (
    AccountClosure,
    GoogleSignIn,
    LoggedOut,
    Login,
    Logout,
    Message,
    OwnProfile,
    PasswordChange,
    PasswordReset,
    ProfileChange,
    ResetRequest,
    Session,
    Signup,
)
from halls.accounts.tokens import Claims, TokenExpired, TokenPeriod, continue_session, make_token
from halls.errors import RateLimited
from halls.http.endpoint import client_network, endpoint, note_event
from halls.http.rate_limits import Limit
from halls.venues.response_schemas import Deleted
from halls.venues.venue import HasBookings

if TYPE_CHECKING:
    from datetime import datetime

    from halls.context import AppContext
    from halls.mongo.client import Db

blueprint = Blueprint("accounts", __name__)
SIGNUPS = Limit("signup", 20, MINUTE)
# Throw-away accounts could block the dates of halls. All customers of a mobile network may have one address.
SIGNUPS_AN_HOUR = Limit("signup-hour", 200, 60 * MINUTE)
# By network and address: an account can be deleted and made again, and each one sends e-mails to the address.
SIGNUPS_OF_ADDRESS = Limit("signup-address", 5, DAY)
GOOGLE_SIGN_INS = Limit("google", 20, MINUTE)
RESET_REQUESTS = Limit("forgot", 20, MINUTE)
RESETS = Limit("reset", 20, MINUTE, strict=True)
FAILED_CHANGES = Limit("failed-change", 10, 5 * MINUTE, by_account=True, strict=True)
# Each change is an e-mail, perhaps to the address of another person. It counts by e-mail address: an account can be
# deleted and made again.
PASSWORD_CHANGES = Limit("password-change", 20, DAY, by_account=True)


def _open_session(
    context: AppContext, account: Account, now: datetime, period: TokenPeriod | None = None
) -> dict[str, Any]:
    """Return a session with a new token. Without a `period` the session begins now. Raises Suspended."""
    if account.is_suspended:
        raise Suspended(context.config.operator_email)
    secret, hours = context.config.secret, context.config.jwt_expires_hours
    token, expires_at = make_token(account, secret=secret, now=now, hours=hours, period=period)
    return {"token": token, "expires_at": expires_at, "profile": serialize_profile(account)}


@endpoint(
    blueprint,
    "POST /auth/signup",
    access=Access.PUBLIC,
    body=Signup,
    security_event="signup",
    response=Session,
    status=201,
    errors=[EmailTaken, RateLimited],
    limits=[SIGNUPS, SIGNUPS_AN_HOUR],
)
def sign_up(context: AppContext, db: Db, body: Signup, now: datetime) -> dict[str, Any]:
    """Create an account with a password, and log in."""
    context.rate_limiter.hit(SIGNUPS_OF_ADDRESS, client_network(), body.email)
    account = accounts.sign_up(db, body, now)
    note_event(account_id=account.id)
    return _open_session(context, account, now)


@endpoint(
    blueprint,
    "POST /auth/login",
    access=Access.PUBLIC,
    body=Login,
    security_event="login",
    response=Session,
    errors=[BadCredentials, Suspended, RateLimited],
)
def log_in(context: AppContext, db: Db, body: Login, now: datetime) -> dict[str, Any]:
    """Log in with e-mail address and password. The rate limits count failed logins only."""
    with limit_logins(context.rate_limiter, context.config.login_limit, client_network(), body.email):
        account = accounts.log_in(db, body)
    note_event(account_id=account.id)
    return _open_session(context, account, now)


@endpoint(
    blueprint,
    "POST /auth/google",
    access=Access.PUBLIC,
    body=GoogleSignIn,
    security_event="google",
    response=Session,
    errors=[BadGoogleToken, Suspended, EmailTaken, GoogleUnavailable, GoogleNotConfigured, RateLimited],
    limits=[GOOGLE_SIGN_INS],
)
def sign_in_with_google(context: AppContext, db: Db, body: GoogleSignIn, now: datetime) -> dict[str, Any]:
    """Log in with an id token of Google, which creates an account at the first login."""
    person = context.google.verify(body.id_token)
    account = accounts.sign_in_with_google(db, person, body, now, lambda: note_event(has_linked=True))
    note_event(account_id=account.id)
    return _open_session(context, account, now)


@endpoint(
    blueprint,
    "POST /auth/forgot-password",
    access=Access.PUBLIC,
    body=ResetRequest,
    security_event="reset_request",
    response=Message,
    errors=[RateLimited],
    limits=[RESET_REQUESTS],
)
def request_reset(context: AppContext, db: Db, body: ResetRequest, now: datetime) -> dict[str, str]:
    """E-mail a link to choose a new password. The response does not reveal whether the account exists."""
    if may_request_reset(context.rate_limiter, client_network(), body.email):
        accounts.request_reset(db, body.email, now)
    return {"message": "If an account has this address, an e-mail with a link is on its way."}


@endpoint(
    blueprint,
    "POST /auth/reset-password",
    access=Access.PUBLIC,
    body=PasswordReset,
    security_event="reset",
    response=Message,
    errors=[BadResetToken, RateLimited],
    limits=[RESETS],
)
def reset_password(context: AppContext, db: Db, body: PasswordReset, now: datetime) -> dict[str, str]:
    """Set a new password with the token of an e-mail, which revokes all older access tokens."""
    account = accounts.reset_password(db, body, now)
    note_event(account_id=account.id)
    forget_failures(context.rate_limiter, client_network(), account.email)
    return {"message": "Your password is changed. Log in with the new one."}


@endpoint(blueprint, "POST /auth/refresh", response=Session, security_event="refresh")
def refresh_session(context: AppContext, caller: Account, claims: Claims, now: datetime) -> dict[str, Any]:
    """Return a new token, until SESSION_MAX_DAYS after the login. The old token stays valid."""
    max_days = context.config.session_max_days
    if now >= claims.auth_time + timedelta(days=max_days):
        raise TokenExpired("This session is too old to be renewed. Log in again.")
    return _open_session(context, caller, now, continue_session(claims, max_days))


@endpoint(blueprint, "POST /auth/logout", body=Logout, body_optional=True, response=LoggedOut, security_event="logout")
def log_out(db: Db, caller: Account, claims: Claims, body: Logout, now: datetime) -> dict[str, str]:
    """Make the token of this request invalid at once, or all tokens of the account."""
    ended = accounts.log_out(db, caller, claims, now, everywhere=body.everywhere)
    note_event(sessions=ended)
    return {"logged_out": ended}


@endpoint(blueprint, "GET /auth/me", response=OwnProfile)
def get_profile(caller: Account) -> dict[str, Any]:
    """Return the caller's own profile."""
    return {"profile": serialize_profile(caller)}


@endpoint(blueprint, "PATCH /auth/me", body=ProfileChange, response=Session, security_event="profile_change")
def change_profile(
    context: AppContext, db: Db, caller: Account, claims: Claims, body: ProfileChange, now: datetime
) -> dict[str, Any]:
    """Change the caller's profile. The new token contains the new role."""
    changed = accounts.change_profile(db, caller, body.given_some(), now)
    return _open_session(context, changed, now, continue_session(claims, context.config.session_max_days))


@endpoint(
    blueprint,
    "POST /auth/change-password",
    body=PasswordChange,
    security_event="password_change",
    response=Session,
    errors=[WrongPassword, RateLimited],
)
def change_password(
    context: AppContext, db: Db, caller: Account, body: PasswordChange, now: datetime
) -> dict[str, Any]:
    """Set a new password, which revokes all older access tokens.

    At most 20 times a day for an e-mail address.
    """
    context.rate_limiter.hit(PASSWORD_CHANGES, caller.email)
    context.rate_limiter.hit(FAILED_CHANGES, str(caller.id))
    account = accounts.change_password(db, caller, body, now)
    context.rate_limiter.reset(FAILED_CHANGES, str(caller.id))
    return _open_session(context, account, now)


@endpoint(
    blueprint,
    "DELETE /auth/me",
    body=AccountClosure,
    security_event="account_deletion",
    body_optional=True,
    response=Deleted,
    errors=[WrongPassword, HasBookings, RateLimited],
)
def delete_own_account(
    context: AppContext, db: Db, caller: Account, body: AccountClosure, now: datetime
) -> dict[str, Any]:
    """Delete the caller's account and personal data, and cancel its upcoming bookings."""
    context.rate_limiter.hit(FAILED_CHANGES, str(caller.id))
    delete_account(db, caller, body.password, now)
    context.rate_limiter.reset(FAILED_CHANGES, str(caller.id))
    return {"deleted": True}
