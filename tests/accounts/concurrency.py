"""Helpers for races: threads that start together, and a rival that runs before a given function call."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from argon2 import PasswordHasher

from halls.accounts import passwords

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pytest

MAX_WAIT_SECONDS = 60
Result = TypeVar("Result")


def at_once(calls: Iterable[Callable[[], Result]]) -> list[Result]:
    """Run all calls in threads that start together. Return their results in the same order."""
    rivals = list(calls)
    start = threading.Barrier(len(rivals), timeout=MAX_WAIT_SECONDS)

    def run(call: Callable[[], Result]) -> Result:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(rivals)) as pool:
        return list(pool.map(run, rivals))


def allow_concurrent_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 100 threads wait for a hash, and make each hash cheap."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(passwords, "THREADS", threading.BoundedSemaphore(100))


def run_before_first_call(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, rival: Callable[[], object]) -> None:
    """Run `rival` once, just before the first call of the function `owner.name`."""
    original = getattr(owner, name)
    rivals = [rival]

    def call(*args: Any, **kwargs: Any) -> Any:
        if rivals:
            rivals.pop()()
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, call)


def start_rival(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, rival: Callable[[], object]
) -> threading.Thread:
    """Start `rival` in a thread before the first call of `owner.name`. Return the thread.

    The call then waits 0.4 seconds: without a lock the rival ends in this time.
    """
    thread = threading.Thread(target=rival)

    def start() -> None:
        thread.start()
        thread.join(0.4)

    run_before_first_call(monkeypatch, owner, name, start)
    return thread
