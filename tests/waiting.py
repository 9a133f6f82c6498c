"""Waits until a condition is true."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE_SECONDS = 0.02


def wait_until(
    condition: Callable[[], object],
    seconds: float = 30.0,
    message: Callable[[], str] = lambda: "the condition is still false",
) -> None:
    """Wait until the condition is true. Fails with the message after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, message()
        time.sleep(PAUSE_SECONDS)
