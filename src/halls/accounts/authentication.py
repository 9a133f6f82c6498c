"""Authentication: reads the token and the account of each request."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from halls.accounts.account import Account, OwnerOnly
from halls.accounts.store import find_account_of_token
from halls.accounts.tokens import Claims, InvalidToken, MissingToken, TokenRevoked, read_token
from halls.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.config import Config
    from halls.mongo.client import Db


class Access(Enum):
    """Which callers an endpoint accepts."""

    PUBLIC = "public"
    ACCOUNT = "account"
    OWNER = "owner"


def find_bearer_token(authorization: str) -> str | None:
    """Return the token of an Authorization header, after one or more blanks (RFC 6750). None for another scheme."""
    scheme, _, token = authorization.partition(" ")
    return token.lstrip(" ") if scheme.lower() == "bearer" else None


def authenticate(
    open_db: Callable[[], Db], config: Config, authorization: str | None, access: Access
) -> tuple[Account, Claims]:
    """Return the account of an Authorization header (RFC 6750), as it is stored now, and the claims of its token.

    The database is opened only for a valid token. Raises MissingToken, InvalidToken, TokenExpired, TokenRevoked, or
    OwnerOnly if `access` requires an owner.
    """
    if not authorization:
        raise MissingToken
    token = find_bearer_token(authorization)
    if token is None:
        raise InvalidToken
    claims = read_token(token.lstrip(" "), secret=config.secret, now=utc_now(), old_secrets=config.old_secrets)
    account = find_account_of_token(open_db(), claims)
    # A suspended account has no valid token, also none of a request that was authenticated before the suspension.
    if account is None or account.is_suspended or account.token_version != claims.token_version:
        raise TokenRevoked
    if access is Access.OWNER and not account.is_venue_owner:
        raise OwnerOnly
    return account, claims
