"""Functions at which a child process hangs until it is killed. It prints "hangs" first."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def hang(*_: Any, **__: Any) -> None:
    """Hang for longer than any test."""
    print("hangs", flush=True)  # noqa: T201 - the parent process reads it
    time.sleep(600)


def hang_at_second_call(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, which hangs when it is called the second time."""
    calls = []

    def call(*args: Any, **options: Any) -> Any:
        calls.append(args)
        return hang() if len(calls) > 1 else function(*args, **options)

    return call
