"""A 503 fails the fuzz test, except where Google or Cloudinary is not configured."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.fuzz.hooks import nothing_is_unavailable


def check(status: int, code: str, path: str) -> None:
    """Call the check as schemathesis does."""
    context: Any = None
    response: Any = SimpleNamespace(status_code=status, json=lambda: {"ok": False, "code": code})
    case: Any = SimpleNamespace(path=path)
    nothing_is_unavailable(context, response, case)


@pytest.mark.parametrize(
    ("status", "code", "path"),
    [(404, "not_found", "/bookings/{booking_id}"), (503, "not_configured", "/auth/google")],
)
def test_an_expected_response_passes(status: int, code: str, path: str) -> None:
    check(status, code, path)


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("database_unavailable", "/bookings"),
        ("database_unavailable", "/auth/google"),
        ("google_unavailable", "/auth/google"),
        ("not_configured", "/uploads/sign-s3"),
    ],
)
def test_an_unexpected_503_fails(code: str, path: str) -> None:
    with pytest.raises(AssertionError, match=r"503|is configured"):
        check(503, code, path)
