"""Request and response models of accounts."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from halls.http.field_faults import field_error
from halls.http.schema import MAX_TEXT, ChangeModel, Id, Line, Name, RequestModel, ResponseModel, with_examples

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_CONTACT = re.compile(r"[0-9+() -]{7,20}")
MIN_DIGITS = 6
# What contact lists and keyboards put into telephone numbers, as ranges of a regular expression, with its ASCII form.
_INVISIBLE = r"\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_SPACES = r"\u00a0\u2000-\u200a\u202f\u205f\u3000"
_DASHES = r".\u00b7\u2010-\u2015\u2022\u2043\u2212\ufe58\ufe63\uff0d\uff0e"
_DIGITS = r"\u0660-\u0669\u06f0-\u06f9\uff10-\uff19"
_ANY_DIGIT = rf"0-9{_DIGITS}"
_CONTACT_PATTERN = (
    rf"^(?=([^{_ANY_DIGIT}]*[{_ANY_DIGIT}]){{{MIN_DIGITS}}})"
    rf"[{_INVISIBLE}]*([{_ANY_DIGIT}{_SPACES}{_DASHES}\uff0b\uff08\uff09+() -][{_INVISIBLE}]*){{7,20}}$"
)
_ASCII_FORMS = ((_INVISIBLE, ""), (_SPACES, " "), (_DASHES, "-"), (r"\uff0b", "+"), (r"\uff08", "("), (r"\uff09", ")"))
MAX_EMAIL, MAX_LOCAL = 254, 64
ADDRESS_FAULT = "must be an e-mail address such as ali@example.com"


def normalise_email(text: str) -> str:
    """Return an address (RFC 5321 lengths) in lower case, an internationalised domain in ASCII. Raises ValueError.

    The check for ASCII comes before lower(): the lower case of KELVIN SIGN is k, which is in another person's address.
    """
    if not text.isascii():
        text = _convert_domain(text)
    local, _, domain = text.rpartition("@")
    labels = domain.split(".")
    fits = len(text) <= MAX_EMAIL and len(local) <= MAX_LOCAL and len(labels) > 1
    if not fits or not _LOCAL.fullmatch(local) or not all(_LABEL.fullmatch(label) for label in labels):
        raise field_error("bad_format", ADDRESS_FAULT)
    return text.lower()


def _convert_domain(text: str) -> str:
    """Return an address with its internationalised domain in ASCII (IDNA 2008). Raises ValueError."""
    # Most addresses are ASCII, so most processes do not need these libraries.
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - see above

    domain = text.rpartition("@")[2]
    try:
        checked = validate_email(text, check_deliverability=False, allow_smtputf8=False, globally_deliverable=False)
    except EmailNotValidError:
        raise field_error("bad_format", ADDRESS_FAULT) from None
    # The library folds look-alikes, such as full-width letters and ideographic full stops, into other domains.
    has_look_alike = any(
        unicodedata.normalize("NFKC", character).isascii() for character in domain if not character.isascii()
    )
    if has_look_alike or checked.domain != unicodedata.normalize("NFC", domain).lower():
        raise field_error("bad_format", ADDRESS_FAULT)
    return f"{checked.local_part}@{checked.ascii_domain}"


def _normalise_contact(text: str) -> str:
    for characters, ascii_form in _ASCII_FORMS:
        text = re.sub(f"[{characters}]", ascii_form, text)
    text = re.sub(f"[{_DIGITS}]", lambda digit: str(unicodedata.digit(digit[0])), text).strip()
    if not _CONTACT.fullmatch(text) or sum(character.isdigit() for character in text) < MIN_DIGITS:
        raise field_error("bad_format", "must be a telephone number: 7 to 20 digits, spaces and +-()")
    return text


Email = Annotated[
    Line,
    AfterValidator(normalise_email),
    Field(
        description="The e-mail address of the account. Upper and lower case are equal.",
        json_schema_extra={"format": "email", "maxLength": MAX_EMAIL, "examples": ["ayesha@example.com"]},
    ),
]
FullName = Annotated[Name, Field(min_length=1, max_length=200, description="The name of the person.")]
ContactNumber = Annotated[
    Line,
    AfterValidator(_normalise_contact),
    Field(
        description="A telephone number, with `+92` or as it is dialled in Pakistan.",
        json_schema_extra={"pattern": _CONTACT_PATTERN},
    ),
]


def _check_uncommon(password: str, info: ValidationInfo) -> str:
    if info.context and password.lower() in info.context["common_passwords"]:
        raise field_error("too_common", "is one of the commonest passwords: choose another")
    return password


NewPassword = Annotated[
    str,
    Field(min_length=8, max_length=128, description="The new password. Each character counts, also a blank."),
    AfterValidator(_check_uncommon),
]
# A shorter password is a failed login, not an invalid field. A longer one is rejected before it is hashed.
GivenPassword = Annotated[str, Field(min_length=1, max_length=128, description="The current password.")]
IS_VENUE_OWNER = "Whether the account may register venues. An owner stays an owner."
# Accounts of the demonstration data, so that the examples work on a server with it.
_DEMO = {"email": "guest1@halls.example", "password": "wedding season 7"}


class Signup(RequestModel):
    """A new account."""

    model_config = with_examples(
        {
            "full_name": "Ayesha Siddiqui",
            "email": "ayesha@example.com",
            "password": "lime-kettle-harbour",
            "contact_number": "+92 300 1234567",
            "is_venue_owner": True,
        },
        {"email": "bilal@example.com", "password": "paper-boat-on-ravi", "is_venue_owner": False},
    )

    full_name: FullName | None = None
    email: Email
    password: NewPassword
    contact_number: ContactNumber | None = None
    is_venue_owner: bool = Field(description=IS_VENUE_OWNER)


class Login(RequestModel):
    """The credentials of a login."""

    model_config = with_examples(_DEMO, {**_DEMO, "email": "owner1@halls.example"})

    email: Email
    password: GivenPassword


class ProfileChange(ChangeModel):
    """The fields to change, at least one."""

    model_config = with_examples({"full_name": "Ayesha S. Khan", "contact_number": "0300-1234567"}, minProperties=1)

    clearable = frozenset({"full_name", "contact_number"})

    full_name: FullName | None = None
    contact_number: ContactNumber | None = None
    is_venue_owner: bool | None = Field(default=None, description=IS_VENUE_OWNER)


class PasswordChange(RequestModel):
    """The current and the new password."""

    model_config = with_examples({"password": _DEMO["password"], "new_password": "seven-quiet-lanterns"})

    password: GivenPassword
    new_password: NewPassword


class Logout(RequestModel):
    """Whether all sessions of the account end, on every device, and not only the session of this token."""

    model_config = with_examples({"everywhere": True})

    everywhere: bool = Field(default=False, description="Whether all tokens of the account stop working, or this one.")


class GoogleSignIn(RequestModel):
    """An id token of Google, and fields for a new account."""

    model_config = with_examples(
        {"id_token": "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.e30.c2lnbmF0dXJl", "is_venue_owner": False}
    )

    id_token: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)] = Field(
        description="The `credential` that Google's button returns."
    )
    is_venue_owner: bool | None = Field(default=None, description=IS_VENUE_OWNER)
    contact_number: ContactNumber | None = None


class ResetRequest(RequestModel):
    """The e-mail address of the account, which may be any string."""

    model_config = with_examples({"email": _DEMO["email"]})

    email: str = Field(description="The e-mail address of the account.")


class PasswordReset(RequestModel):
    """The token from the e-mail, and the new password."""

    model_config = with_examples({"token": "Zk3vJ0pX2b8mQ5t1", "new_password": "seven-quiet-lanterns"})

    token: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)] = Field(
        description="The `token` in the link of the e-mail."
    )
    new_password: NewPassword


class AccountClosure(RequestModel):
    """The current password, if the account has one."""

    model_config = with_examples({"password": _DEMO["password"]})

    password: GivenPassword | None = None


class Message(ResponseModel):
    """A sentence for a person."""

    model_config = with_examples({"message": "Your password is changed. Log in with the new one."})

    message: str


class Profile(ResponseModel):
    """An account, for its holder."""

    model_config = with_examples(
        {
            "id": "65a0c0ffee0123456789abcd",
            "full_name": "Ayesha Siddiqui",
            "email": "ayesha@example.com",
            "email_verified": True,
            "contact_number": "+92 300 1234567",
            "is_venue_owner": True,
            "role": "owner",
            "auth_provider": "password",
            "created_at": "2026-11-22T20:00:00Z",
            "updated_at": "2026-11-22T20:00:00Z",
        }
    )

    id: Id
    full_name: str | None
    email: str
    email_verified: bool
    contact_number: str | None
    is_venue_owner: bool
    role: Literal["owner", "user"]
    auth_provider: Literal["password", "google"]
    created_at: datetime | None
    updated_at: datetime | None


class Session(ResponseModel):
    """An access token, the time when it expires, and the profile of its account."""

    token: Annotated[str, Field(examples=["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI2NWEwIn0.c2lnbmF0dXJl"])]
    expires_at: datetime
    profile: Profile


class LoggedOut(ResponseModel):
    """Which tokens are invalid now: this one, or all of the account."""

    model_config = with_examples({"logged_out": "this"})

    logged_out: Literal["this", "all"]


class OwnProfile(ResponseModel):
    """The caller's own profile."""

    profile: Profile
