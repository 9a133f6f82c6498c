"""The account: its stored documents, its errors, and its representation in responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from typing_extensions import NotRequired, Required, TypedDict

from halls.documents import read_moment, read_object, read_text, read_whole
from halls.errors import ApiError

if TYPE_CHECKING:
    from datetime import datetime

MAX_REMINDER_DAYS = 14


class EmailTaken(ApiError):
    """Another account has that e-mail address."""

    status, code, message = 409, "email_taken", "There is already an account with this e-mail address."


class BadCredentials(ApiError):
    """The account does not exist, has no password, or has another password. The message does not say which."""

    status, code, message = 401, "bad_credentials", "E-mail address and password do not belong together."
    headers = {"WWW-Authenticate": "Bearer"}  # noqa: RUF012 - declared a ClassVar by ApiError


class WrongPassword(BadCredentials):
    """The password that confirms a change is not the current password of the caller's account."""

    message = "This is not the current password of your account."


class BadResetToken(ApiError):
    """The reset token is unknown, used or expired. The message does not say which."""

    status, code, message = 422, "bad_reset_token", "This link is no longer good. Ask for a new one."


class BadLink(ApiError):
    """The token of a verification e-mail is unknown, used, expired, or of another account or address."""

    status, code, message = 422, "bad_link", "This link is no longer good. Ask for a new e-mail."


class Suspended(ApiError):
    """An operator has suspended the account. The caller learns this only with the right password."""

    status, code, message = 403, "suspended", "Your account is suspended."

    def __init__(self, operator_email: str | None) -> None:
        """Name the address of the operator (OPERATOR_EMAIL), if there is one."""
        super().__init__(f"{self.message} Write to {operator_email}." if operator_email else None)


class OwnerOnly(ApiError):
    """The endpoint requires the account of a venue owner."""

    status, code, message = 403, "owner_only", "Only venue owners may do this."


class ResetEmail(TypedDict):
    """The outbox entry of the last password reset e-mail, and when it was claimed."""

    id: ObjectId
    at: datetime
    # The times of the last day. Absent in documents of older versions.
    recent: NotRequired[list[datetime]]


class NewsEmails(TypedDict, total=False):
    """The verification e-mails that were sent because of bookings, while the address is unverified."""

    count: int
    last_at: datetime
    # The outbox entry of the last one.
    last_entry: ObjectId


class VerifyEmails(TypedDict, total=False):
    """The verification e-mails that the account's holder requested: their number, and the times of the last day."""

    count: int
    recent: list[datetime]


class RevokedToken(TypedDict):
    """A token that was logged out: its `jti`, which is rejected until the token has expired."""

    jti: str
    expires_at: datetime


class AccountDocument(TypedDict, total=False):
    """A document of the collection `users`. External writers may leave out everything but the first two fields."""

    _id: Required[ObjectId]
    email: Required[str]
    full_name: str | None
    # Absent: not verified.
    email_verified: bool
    # When the holder of the mailbox said that the account is not theirs. Removed when they take it over.
    disowned_at: datetime
    news_emails: NewsEmails
    verify_emails: VerifyEmails
    contact_number: str | None
    is_venue_owner: bool | None
    role: str
    auth_provider: str | None
    # Null without a password: then the account signs in with Google.
    password_hash: str | None
    # The `sub` of the Google account.
    google_sub: str
    # Incremented by each change that invalidates older tokens.
    token_version: int | None
    revoked_tokens: list[RevokedToken]
    preferences: dict[str, Any]
    # Incremented by `lock_account`, so that concurrent transactions on the account conflict.
    rev: int
    # True: an owner has blocked the account, so its orders read `blocked_accounts`. Stays when the block is deleted.
    has_blocks: bool
    reset_letter: ResetEmail
    # When an operator suspended the account. Absent otherwise.
    suspended_at: datetime
    # When an operator made the account, without a password. Its holder takes it over with a reset link.
    invited_at: datetime
    created_at: datetime | None
    updated_at: datetime | None


class PasswordResetDocument(TypedDict):
    """A document of the collection `password_resets`."""

    _id: ObjectId
    user_id: ObjectId
    # SHA-256 of the token, in hex.
    token: str
    # An operator passes the link on, so its token does not prove who reads the mailbox. Absent: an e-mail has the link.
    by_operator: NotRequired[bool]
    expires_at: datetime
    created_at: datetime


class EmailLinkDocument(TypedDict):
    """A document of the collection `email_links`: the token of a verification e-mail."""

    _id: ObjectId
    user_id: ObjectId
    # SHA-256 of the token, in hex.
    token: str
    # The address that the token verifies.
    email: str
    expires_at: datetime
    created_at: datetime


@dataclass(frozen=True)
class Preferences:
    """Which e-mails an account gets, and how many days before a booking its reminder is sent (0: never)."""

    requests: bool = True
    reminders: bool = True
    reminder_days: int = 3


@dataclass(frozen=True)
class Account:
    """An account, read from a document of any writer."""

    id: ObjectId
    email: str
    full_name: str | None
    contact_number: str | None
    is_venue_owner: bool
    auth_provider: str
    password_hash: str | None
    # 0 in documents of external writers.
    token_version: int
    created_at: datetime | None
    updated_at: datetime | None
    email_verified: bool = False
    preferences: Preferences = Preferences()
    is_suspended: bool = False
    # Whether an owner has ever blocked the account.
    has_blocks: bool = False


def account_from_document(document: AccountDocument) -> Account:
    """Return the account in a document with the fields of spec 1.1, with or without ours."""
    return Account(
        id=document["_id"],
        email=read_text(document.get("email")) or "",
        full_name=read_text(document.get("full_name")),
        contact_number=read_text(document.get("contact_number")),
        is_venue_owner=document.get("is_venue_owner") is True,
        auth_provider="google" if document.get("auth_provider") == "google" else "password",
        password_hash=read_text(document.get("password_hash")),
        token_version=read_whole(document.get("token_version")) or 0,
        created_at=read_moment(document.get("created_at")),
        updated_at=read_moment(document.get("updated_at")),
        email_verified=document.get("email_verified") is True,
        preferences=read_preferences(document.get("preferences")),
        is_suspended=document.get("suspended_at") is not None,
        has_blocks=document.get("has_blocks") is True,
    )


def read_preferences(stored: object) -> Preferences:
    """Return stored preferences. A missing or invalid value is the default."""
    values, default = read_object(stored), Preferences()
    days = read_whole(values.get("reminder_days"))
    return Preferences(
        requests=values.get("requests") is not False,
        reminders=values.get("reminders") is not False,
        reminder_days=days if days is not None and 0 <= days <= MAX_REMINDER_DAYS else default.reminder_days,
    )


def serialize_preferences(preferences: Preferences) -> dict[str, Any]:
    """Return the preferences as responses contain them."""
    emails = {"requests": preferences.requests, "reminders": preferences.reminders}
    return {"emails": emails, "reminder_days": preferences.reminder_days}


def new_account(
    *,
    email: str,
    full_name: str | None,
    contact_number: str | None,
    is_venue_owner: bool,
    now: datetime,
    email_verified: bool = False,
) -> AccountDocument:
    """Return the document of a new account without a password or Google account (spec 1.1)."""
    return {
        "_id": ObjectId(),
        "full_name": full_name,
        "email": email,
        "email_verified": email_verified,
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
    """Return the role as it is stored and as responses contain it."""
    return "owner" if is_venue_owner else "user"


def serialize_profile(account: Account) -> dict[str, Any]:
    """Return the fields of an account that its holder sees."""
    return {
        "id": account.id,
        "full_name": account.full_name,
        "email": account.email,
        "email_verified": account.email_verified,
        "contact_number": account.contact_number,
        "is_venue_owner": account.is_venue_owner,
        "role": role_of(is_venue_owner=account.is_venue_owner),
        "auth_provider": account.auth_provider,
        "created_at": account.created_at,
        "updated_at": account.updated_at,
    }
