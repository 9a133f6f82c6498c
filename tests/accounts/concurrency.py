"""Requests that start together, each in a thread of its own; and a moment in which a rival comes in between."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from halls.accounts import passwords

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pytest

MAX_WAIT_SECONDS = 60
Result = TypeVar("Result")


def at_once(calls: Iterable[Callable[[], Result]]) -> list[Result]:
    """Make all calls together; return what each returned."""
    waiting = list(calls)
    start = threading.Barrier(len(waiting), timeout=MAX_WAIT_SECONDS)

    def run(call: Callable[[], Result]) -> Result:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(waiting)) as pool:
        return list(pool.map(run, waiting))


def let_all_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each of a crowd wait its turn to hash a password, for longer than people would."""
    monkeypatch.setattr(passwords, "WAIT_SECONDS", MAX_WAIT_SECONDS)
    monkeypatch.setattr(passwords, "THREADS", threading.BoundedSemaphore(100))


def come_between(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, rival: Callable[[], object]) -> None:
    """Let `rival` act whole in the instant before the function `owner.name` is called for the first time."""
    real = getattr(owner, name)
    pending = [rival]

    def call(*args: Any, **kwargs: Any) -> Any:
        if pending:
            pending.pop()()
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, call)


def meanwhile(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, rival: Callable[[], object]) -> threading.Thread:
    """Start `rival` before the first call of `owner.name`, and give it time to end, if nothing holds it up."""
    thread = threading.Thread(target=rival)

    def start() -> None:
        thread.start()
        thread.join(0.4)

    come_between(monkeypatch, owner, name, start)
    return thread
