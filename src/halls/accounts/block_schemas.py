"""Response models of blocked accounts."""

from __future__ import annotations

from datetime import datetime

from halls.http.schema import EXAMPLE_ID, Id, ResponseModel, with_examples


class BlockedAccount(ResponseModel):
    """An account whose requests the caller's venues do not take, and since when."""

    user_id: Id
    since: datetime


class BlockedAccounts(ResponseModel):
    """The accounts that the caller has blocked, the oldest block first."""

    model_config = with_examples({"blocked": [{"user_id": EXAMPLE_ID, "since": "2026-11-22T20:00:00Z"}]})

    blocked: list[BlockedAccount]


class BlockState(ResponseModel):
    """Whether the account is blocked now."""

    model_config = with_examples({"blocked": True})

    blocked: bool
