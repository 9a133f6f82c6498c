"""Lets requests of one account take turns, so that their transactions do not collide over it again and again."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bson import ObjectId

# Two accounts may share a lock: then they wait for each other, too, and nothing else.
_LOCKS = [threading.Lock() for _ in range(64)]
# Who waits longer goes on without: it may collide, which costs time and nothing else.
WAIT_SECONDS = 1.0


@contextmanager
def hold_account_lock(account_id: ObjectId) -> Iterator[None]:
    """Hold the turn of an account in this process; what other processes do at once collides as before."""
    lock = _LOCKS[hash(account_id) % len(_LOCKS)]
    is_held = lock.acquire(timeout=WAIT_SECONDS)
    try:
        yield
    finally:
        if is_held:
            lock.release()
