"""The family of refusals: each carries the status and code that a client sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence


class FieldFault(TypedDict):
    """What is wrong with one field, by its dotted path."""

    field: str
    message: str


class ApiError(Exception):
    """Something Halls says no to. `message` is a sentence for a person and never holds a secret."""

    status: ClassVar[int]
    code: ClassVar[str]
    message: ClassVar[str]
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, message: str | None = None, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message or self.message)
        self.response_headers = {**self.headers, **(headers or {})}
        self.details: Sequence[FieldFault] = ()


class BadJson(ApiError):
    """The body can't be read as one JSON object."""

    status, code, message = 400, "bad_json", "The body is not one well-formed JSON object."


class BadId(ApiError):
    """An id in the path is not 24 lower-case hex digits."""

    status, code, message = 400, "bad_id", "An id is 24 hex digits, in lower case."


class NotFound(ApiError):
    """Unknown path or record."""

    status, code, message = 404, "not_found", "There is nothing here."


class NotYours(ApiError):
    """Somebody else's venue or booking."""

    status, code, message = 403, "not_yours", "This belongs to somebody else."


class MethodNotAllowed(ApiError):
    """The path exists, the method doesn't."""

    status, code, message = 405, "method_not_allowed", "This address does not take that method."


class BodyTooLarge(ApiError):
    """More than the limit, stated or found while reading."""

    status, code, message = 413, "body_too_large", "The body is larger than 256 KiB."


class NotJson(ApiError):
    """Another content type, charset or content encoding."""

    status, code, message = 415, "not_json", "Send JSON in UTF-8 with Content-Type: application/json, not compressed."


class Invalid(ApiError):
    """One or more fields are wrong; all of them are in `details`."""

    status, code, message = 422, "validation_error", "Some fields are not valid."

    def __init__(self, *faults: FieldFault) -> None:
        super().__init__()
        self.details = faults


class RateLimited(ApiError):
    """Too many of the same in too short a time."""

    status, code, message = 429, "rate_limited", "Too many requests. Wait a little, then try again."


class InternalError(ApiError):
    """A defect of ours."""

    status, code, message = 500, "internal_error", "Something went wrong on our side. Tell us the X-Request-ID."


class DatabaseUnavailable(ApiError):
    """The database is away, or could not answer in time."""

    status, code, message = 503, "database_unavailable", "The service can't reach its database. Try again in a moment."
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}


class NotConfigured(ApiError):
    """Something that operators set up is not set up, or not usable."""

    status, code, message = 503, "not_configured", "This is not set up here."


def invalid(field: str, message: str) -> Invalid:
    """Return the refusal for a single wrong field."""
    return Invalid(FieldFault(field=field, message=message))
