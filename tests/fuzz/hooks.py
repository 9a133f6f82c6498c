"""Further rules for schemathesis: 503 is a failure unless a feature is not configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import schemathesis

if TYPE_CHECKING:
    from schemathesis import Case, CheckContext, HookContext, Response

# The fuzzed server has no settings for Google and Cloudinary.
NOT_CONFIGURED = {"/auth/google", "/uploads/sign-cloudinary"}


@schemathesis.check
def nothing_is_unavailable(_context: CheckContext, response: Response, case: Case[Any]) -> None:
    """Fail for a 503, unless its code is `not_configured` and its route needs a setting that is missing."""
    if response.status_code != 503:
        return
    code = response.json().get("code")
    assert code == "not_configured", f"503 {code}"
    assert case.path in NOT_CONFIGURED, f"{case.path} is configured"


@schemathesis.hook
def filter_case(_context: HookContext, case: Case[Any]) -> bool:
    """Skip empty query parameters. They count as absent, which a schema of the value can't say."""
    return "" not in (case.query or {}).values()
