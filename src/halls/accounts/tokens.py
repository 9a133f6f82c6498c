"""Makes and reads access tokens: JWT (RFC 7519) signed with HS256."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt

from halls.errors import ApiError
from halls.http.schema import parse_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bson import ObjectId

    from halls.accounts.account import Account

# iat is not compared with the clock: after a clock is set back, new tokens would be rejected. `read_token` compares
# exp, after it has checked the type.
_CHECKS: Any = {
    "require": ["sub", "iat", "exp", "jti", "token_version"],
    "verify_iat": False,
    "verify_exp": False,
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
    """The password was changed, or the account was deleted."""

    code, message = "token_revoked", "This token is no longer good. Log in again."


@dataclass(frozen=True)
class Claims:
    """The claims that Halls reads. The other claims of a token are for clients."""

    account_id: ObjectId
    token_version: int


def make_token(account: Account, *, secret: str, now: datetime, hours: float) -> tuple[str, datetime]:
    """Return a token for `account` and the moment it expires."""
    expires_at = (now + timedelta(hours=hours)).replace(microsecond=0)
    claims = {
        "sub": str(account.id),
        "email": account.email,
        "is_venue_owner": account.is_venue_owner,
        "token_version": account.token_version,
        "iat": now,
        "exp": expires_at,
        "jti": secrets.token_hex(16),
    }
    return jwt.encode(claims, secret, algorithm="HS256", headers={"kid": _name_key(secret)}), expires_at


def _name_key(secret: str) -> str:
    """Return the `kid` (RFC 7515) of a key: a hash that does not reveal the key."""
    return hashlib.sha256(b"kid of " + secret.encode()).hexdigest()[:16]


def read_token(token: str, *, secret: str, now: datetime, old_secrets: Sequence[str] = ()) -> Claims:
    """Return the claims of a token that one of the keys signed. Raises InvalidToken or TokenExpired."""
    claims = _decode(token, [secret, *old_secrets])
    numbers = (claims["exp"], claims["iat"], claims["token_version"])
    account_id = parse_id(claims["sub"])
    if account_id is None or not all(type(number) is int for number in numbers):
        raise InvalidToken
    if claims["exp"] <= now.timestamp():
        raise TokenExpired
    return Claims(account_id, claims["token_version"])


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
