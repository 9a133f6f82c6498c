"""A 503 fails the fuzzing, but where Google or Cloudinary is not set up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.fuzz.hooks import nothing_is_away


def check(status: int, code: str, path: str) -> None:
    """Look at an answer as schemathesis does."""
    context: Any = None
    response: Any = SimpleNamespace(status_code=status, json=lambda: {"ok": False, "code": code})
    case: Any = SimpleNamespace(path=path)
    nothing_is_away(context, response, case)


@pytest.mark.parametrize(
    ("status", "code", "path"),
    [(404, "not_found", "/bookings/{booking_id}"), (503, "not_configured", "/auth/google")],
)
def test_what_is_well_passes(status: int, code: str, path: str) -> None:
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
def test_what_is_away_fails(code: str, path: str) -> None:
    with pytest.raises(AssertionError, match=r"503|set up"):
        check(503, code, path)
