"""A lock per account, so that its concurrent transactions do not conflict again and again (decision 31)."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bson import ObjectId

# Accounts with the same hash share a lock. Their requests then wait for each other, which is harmless.
_LOCKS = [threading.Lock() for _ in range(64)]
# After this time a request continues without the lock. A conflict only makes its transaction retry.
WAIT_SECONDS = 1.0


@contextmanager
def hold_account_lock(account_id: ObjectId) -> Iterator[None]:
    """Hold the lock of an account in this process. Transactions of other processes may still conflict."""
    lock = _LOCKS[hash(account_id) % len(_LOCKS)]
    is_held = lock.acquire(timeout=WAIT_SECONDS)
    try:
        yield
    finally:
        if is_held:
            lock.release()
