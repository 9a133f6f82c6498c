"""What comes in and goes out about accounts."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from halls.schema import Line, Reply, Shape

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_CONTACT = re.compile(r"[0-9+() -]{7,20}")
MIN_DIGITS = 6
MAX_EMAIL, MAX_LOCAL = 254, 64


def normalise_email(text: str) -> str:
    """Return an address (RFC 5321 lengths, ASCII) in lower case. Raises ValueError.

    ASCII is asked for before lower(): the lower case of KELVIN SIGN is somebody else's plain k.
    """
    local, _, domain = text.rpartition("@")
    labels = domain.split(".")
    fits = len(text) <= MAX_EMAIL and len(local) <= MAX_LOCAL and len(labels) > 1
    if not fits or not _LOCAL.fullmatch(local) or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("must be an e-mail address such as ali@example.com")
    return text.lower()


def _check_contact(text: str) -> str:
    if not _CONTACT.fullmatch(text) or sum(character.isdigit() for character in text) < MIN_DIGITS:
        raise ValueError("must be a telephone number: 7 to 20 digits, spaces and +-()")
    return text


Email = Annotated[Line, AfterValidator(normalise_email), Field(json_schema_extra={"format": "email"})]
FullName = Annotated[Line, Field(min_length=1, max_length=200)]
ContactNumber = Annotated[Line, AfterValidator(_check_contact)]
NewPassword = Annotated[str, Field(min_length=8, max_length=128)]
# Shorter ones are simply wrong; longer ones are refused before anything is hashed.
GivenPassword = Annotated[str, Field(min_length=1, max_length=128)]


class Signup(Shape):
    """A new account."""

    full_name: FullName | None = None
    email: Email
    password: NewPassword
    contact_number: ContactNumber | None = None
    is_venue_owner: bool


class Login(Shape):
    """Who logs in."""

    email: Email
    password: GivenPassword


class ProfileChange(Shape):
    """What to change; at least one field."""

    full_name: FullName | None = None
    contact_number: ContactNumber | None = None
    is_venue_owner: bool | None = None


class PasswordChange(Shape):
    """The present password and the one to come."""

    password: GivenPassword
    new_password: NewPassword


class Profile(Reply):
    """An account as its holder sees it."""

    id: str
    full_name: str | None
    email: str
    contact_number: str | None
    is_venue_owner: bool
    role: str
    auth_provider: str
    created_at: datetime | None
    updated_at: datetime | None


class Session(Reply):
    """A token with the moment it expires, and whose it is."""

    token: str
    expires_at: datetime
    profile: Profile


class OwnProfile(Reply):
    """The caller's own profile."""

    profile: Profile
