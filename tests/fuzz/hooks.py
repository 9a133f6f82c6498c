"""What schemathesis checks beside what it knows: that nothing is away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import schemathesis

if TYPE_CHECKING:
    from schemathesis import Case, CheckContext, Response

# Nobody set Google or Cloudinary up for the server that is tried.
NOT_SET_UP = {"/auth/google", "/uploads/sign-cloudinary"}


@schemathesis.check
def nothing_is_away(_context: CheckContext, response: Response, case: Case[Any]) -> None:
    """Refuse a 503, but where something is not set up: a database that is away is none of what was asked."""
    if response.status_code != 503:
        return
    code = response.json().get("code")
    assert code == "not_configured", f"503 {code}"
    assert case.path in NOT_SET_UP, f"{case.path} is set up"
