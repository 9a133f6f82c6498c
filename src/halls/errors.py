"""ApiError and the errors that several features share: each has the HTTP status and code of its response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence


Rule = Literal[
    "required",
    "unknown",
    "read_only",
    "wrong_type",
    "too_short",
    "too_long",
    "too_small",
    "too_large",
    "too_few",
    "too_many",
    "bad_format",
    "not_one_of",
    "duplicate",
    "bad_characters",
    "wrong_order",
    "in_past",
    "booked",
    "too_common",
    "outside_area",
    "wrong_value",
]


# The most invalid fields that a response names.
MAX_FAULTS = 100


class FieldFault(TypedDict):
    """What is wrong with one field.

    `field` is its dotted path. `rule` and `params` contain what a sentence in another language needs.
    """

    field: str
    message: str
    rule: Rule
    params: dict[str, Any]


class ApiError(Exception):
    """An error response. `message` is a sentence for a person and never contains a secret."""

    status: ClassVar[int]
    code: ClassVar[str]
    message: ClassVar[str]
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, message: str | None = None, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message or self.message)
        self.response_headers = {**self.headers, **(headers or {})}
        self.details: Sequence[FieldFault] = ()


class BadJson(ApiError):
    """The body is not one JSON object."""

    status, code, message = 400, "bad_json", "The body is not one well-formed JSON object."


class BadId(ApiError):
    """An id in the path is not 24 lower-case hex digits."""

    status, code, message = 400, "bad_id", "An id is 24 hex digits, in lower case."


class NotFound(ApiError):
    """The path or the record does not exist."""

    status, code, message = 404, "not_found", "There is nothing here."


class NotYours(ApiError):
    """The venue or booking belongs to another account."""

    status, code, message = 403, "not_yours", "This belongs to another account."


class MethodNotAllowed(ApiError):
    """The path exists, but not with this method."""

    status, code, message = 405, "method_not_allowed", "This address does not take that method."


class BodyTooLarge(ApiError):
    """The body is larger than the limit, by its Content-Length or by its actual size."""

    status, code, message = 413, "body_too_large", "The body is larger than 256 KiB."


class NotJson(ApiError):
    """The body has another content type, charset or content encoding."""

    status, code, message = 415, "not_json", "Send JSON in UTF-8 with Content-Type: application/json, not compressed."


class Invalid(ApiError):
    """One or more fields are invalid; `details` lists them, at most 100."""

    status, code, message = 422, "validation_error", "Some fields are not valid."

    def __init__(self, *faults: FieldFault) -> None:
        super().__init__()
        self.details = faults[:MAX_FAULTS]


class LimitReached(ApiError):
    """The account has the largest number of things of one kind."""

    status, code, message = 409, "limit_reached", "You have as many of these as an account may have."


class RateLimited(ApiError):
    """The client sent too many requests of one kind."""

    status, code, message = 429, "rate_limited", "Too many requests. Wait a little, then try again."


class InternalError(ApiError):
    """Halls has a defect."""

    status, code, message = 500, "internal_error", "Something went wrong on our side. Tell us the X-Request-ID."


class DatabaseUnavailable(ApiError):
    """The database is unreachable, or did not answer in time."""

    status, code, message = 503, "database_unavailable", "The service can't reach its database. Try again in a moment."
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}


class SearchNotReady(ApiError):
    """The search index is being filled for the first time."""

    status, code, message = 503, "search_not_ready", "Search is being prepared. Try again in a moment."
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}


class NotConfigured(ApiError):
    """An optional part is not configured, or its configuration does not work."""

    status, code, message = 503, "not_configured", "This is not configured on this server."


class OperatorError(Exception):
    """A command of an operator can't be done. The message says why, and what to do."""


def make_field_fault(field: str, message: str, rule: Rule = "wrong_value", **params: Any) -> FieldFault:
    """Return the fault of one field."""
    return FieldFault(field=field, message=message, rule=rule, params=params)


def invalid(field: str, message: str, rule: Rule = "wrong_value", **params: Any) -> Invalid:
    """Return the error for a single invalid field."""
    return Invalid(make_field_fault(field, message, rule, **params))
