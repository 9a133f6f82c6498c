"""Makes and reads access tokens: JWT (RFC 7519) signed with HS256."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import jwt

from halls.errors import ApiError
from halls.http.schema import parse_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bson import ObjectId

    from halls.accounts.account import Account

# The `iss` and `aud` (RFC 7519), equal at every address of the server. Tokens of older versions have neither.
PARTIES = {"iss": "halls", "aud": "halls"}
# iat is not compared with the clock: after a clock is set back, new tokens would be rejected. `read_token` compares
# exp, after it has checked the type, and iss and aud, which older tokens do not have.
_CHECKS: Any = {
    "require": ["sub", "iat", "exp", "jti", "token_version"],
    "verify_iat": False,
    "verify_exp": False,
    "verify_iss": False,
    "verify_aud": False,
    "enforce_minimum_key_length": False,
}


class TokenRefused(ApiError):
    """The access token cannot be used."""

    status = 401
    headers = {"WWW-Authenticate": "Bearer"}  # noqa: RUF012 - declared a ClassVar by ApiError


class MissingToken(TokenRefused):
    """The request has no Authorization header."""

    code, message = "missing_token", "Log in first, and send the token as Authorization: Bearer …"


class InvalidToken(TokenRefused):
    """Halls did not issue the token."""

    code, message = "invalid_token", "This token is not valid. Log in again."


class TokenExpired(TokenRefused):
    """The token has expired."""

    code, message = "token_expired", "This token has expired. Log in again."


class TokenRevoked(TokenRefused):
    """The token was logged out, the password was changed, or the account was suspended or deleted."""

    code, message = "token_revoked", "This token is no longer good. Log in again."


@dataclass(frozen=True)
class Claims:
    """The claims that Halls reads. The other claims of a token are for clients."""

    account_id: ObjectId
    token_id: str
    token_version: int
    expires_at: datetime
    # When the session began: the last time that the password or Google was asked (OpenID Connect `auth_time`).
    auth_time: datetime


@dataclass(frozen=True)
class TokenPeriod:
    """The session that a new token belongs to: when it began, and when the token expires at the latest."""

    auth_time: datetime
    latest: datetime


def continue_session(claims: Claims, max_days: float) -> TokenPeriod:
    """Return the session of a token. A new token neither outlives the session nor expires before the given one."""
    return TokenPeriod(claims.auth_time, max(claims.auth_time + timedelta(days=max_days), claims.expires_at))


def make_token(
    account: Account, *, secret: str, now: datetime, hours: float, period: TokenPeriod | None = None
) -> tuple[str, datetime]:
    """Return a token for `account` and the moment it expires. Without a `period` a new session begins."""
    expires_at = now + timedelta(hours=hours)
    expires_at = (min(expires_at, period.latest) if period else expires_at).replace(microsecond=0)
    claims = {
        **PARTIES,
        "sub": str(account.id),
        "email": account.email,
        "is_venue_owner": account.is_venue_owner,
        "token_version": account.token_version,
        "iat": now,
        "exp": expires_at,
        "auth_time": int((period.auth_time if period else now).timestamp()),
        "jti": secrets.token_hex(16),
    }
    return jwt.encode(claims, secret, algorithm="HS256", headers={"kid": _name_key(secret)}), expires_at


def _name_key(secret: str) -> str:
    """Return the `kid` (RFC 7515) of a key: a hash that does not reveal the key."""
    return hashlib.sha256(b"kid of " + secret.encode()).hexdigest()[:16]


def read_token(token: str, *, secret: str, now: datetime, old_secrets: Sequence[str] = ()) -> Claims:
    """Return the claims of a token that one of the keys signed. Raises InvalidToken or TokenExpired."""
    claims = _decode(token, [secret, *old_secrets])
    if {name: claims[name] for name in PARTIES if name in claims} not in ({}, PARTIES):
        raise InvalidToken
    # Tokens of older versions have no auth_time.
    auth_time = claims.get("auth_time", claims["iat"])
    account_id = parse_id(claims["sub"])
    numbers = (claims["exp"], claims["iat"], claims["token_version"], auth_time)
    if not all(type(number) is int for number in numbers) or account_id is None:
        raise InvalidToken
    if claims["exp"] <= now.timestamp():
        raise TokenExpired
    try:
        expires_at, began_at = (datetime.fromtimestamp(moment, timezone.utc) for moment in (claims["exp"], auth_time))
    except (ValueError, OverflowError, OSError):  # not in a year from 1 to 9999
        raise InvalidToken from None
    return Claims(account_id, claims["jti"], claims["token_version"], expires_at, began_at)


def _decode(token: str, keys: Sequence[str]) -> dict[str, Any]:
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        # Older tokens have no kid. Any of the keys may have signed them.
        for key in keys if kid is None else [key for key in keys if _name_key(key) == kid]:
            with suppress(jwt.InvalidSignatureError):
                return jwt.decode(token, key, algorithms=["HS256"], options=_CHECKS)
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
        raise InvalidToken from None
    raise InvalidToken
