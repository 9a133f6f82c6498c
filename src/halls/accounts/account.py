"""What an account is: pure facts, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.errors import ApiError

if TYPE_CHECKING:
    from datetime import datetime


class EmailTaken(ApiError):
    """Another account has that address."""

    status, code, message = 409, "email_taken", "There is already an account with this e-mail address."


class BadCredentials(ApiError):
    """No such account, no password, or another one: always the same words."""

    status, code, message = 401, "bad_credentials", "E-mail address and password do not belong together."
    headers = {"WWW-Authenticate": "Bearer"}  # noqa: RUF012 - declared a ClassVar by Refusal


class BadResetToken(ApiError):
    """Unknown, used or expired: nobody is told which."""

    status, code, message = 422, "bad_reset_token", "This link is no longer good. Ask for a new one."


class OwnerOnly(ApiError):
    """The endpoint is for owners of venues."""

    status, code, message = 403, "owner_only", "Only venue owners may do this."


@dataclass(frozen=True)
class Account:
    """A person or a business as stored, whichever tool wrote it."""

    id: ObjectId
    email: str
    full_name: str | None
    contact_number: str | None
    is_venue_owner: bool
    auth_provider: str
    password_hash: str | None
    # Grows with each change that makes older tokens void; a document of another tool has none.
    token_version: int
    created_at: datetime | None
    updated_at: datetime | None


def account_from_document(document: dict[str, Any]) -> Account:
    """Return the account in `document`, in the shape of spec 1.1 or ours."""
    return Account(
        id=document["_id"],
        email=document["email"],
        full_name=document.get("full_name"),
        contact_number=document.get("contact_number"),
        is_venue_owner=document.get("is_venue_owner") is True,
        auth_provider=document.get("auth_provider") or "password",
        password_hash=document.get("password_hash"),
        token_version=document.get("token_version") or 0,
        created_at=document.get("created_at"),
        updated_at=document.get("updated_at"),
    )


def new_account(
    *, email: str, full_name: str | None, contact_number: str | None, is_venue_owner: bool, now: datetime
) -> dict[str, Any]:
    """Return the document of a new account that nobody can log in to yet (spec 1.1)."""
    return {
        "_id": ObjectId(),
        "full_name": full_name,
        "email": email,
        "password_hash": None,
        "contact_number": contact_number,
        "is_venue_owner": is_venue_owner,
        "role": role_of(is_venue_owner=is_venue_owner),
        "auth_provider": "password",
        "token_version": 0,
        "created_at": now,
        "updated_at": now,
    }


def role_of(*, is_venue_owner: bool) -> str:
    """Return the role's name as stored and answered."""
    return "owner" if is_venue_owner else "user"


def serialize_profile(account: Account) -> dict[str, Any]:
    """Return what the account's holder sees of it."""
    return {
        "id": account.id,
        "full_name": account.full_name,
        "email": account.email,
        "contact_number": account.contact_number,
        "is_venue_owner": account.is_venue_owner,
        "role": role_of(is_venue_owner=account.is_venue_owner),
        "auth_provider": account.auth_provider,
        "created_at": account.created_at,
        "updated_at": account.updated_at,
    }
