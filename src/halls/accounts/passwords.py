"""Hashes and verifies passwords with argon2id (RFC 9106) at OWASP's cost, one at a time in each process."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from halls.errors import RateLimited

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Each process hashes in one thread: otherwise a flood of logins would take the processors from all other requests. The
# C library keeps the 19 MB of a hash for the thread that allocated them, so no other thread hashes (decision 30).
_EXECUTORS: dict[int, ThreadPoolExecutor] = {}
WAIT_SECONDS = 2.0
# A worker has eight threads by default. Two of them stay free for other requests.
THREADS = threading.BoundedSemaphore(6)
COMMONEST = 3_000
# Verified if an account has no usable hash. Otherwise the response time would reveal that.
_DUMMY = HASHER.hash("no account has this password, and none is looked up by it")


class TooManyAtOnce(RateLimited):
    """Too many passwords wait to be hashed in this process."""

    message = "Too many people are logging in at once. Try again in a moment."
    headers = {"Retry-After": "1"}  # noqa: RUF012 - declared a ClassVar by ApiError


def hash_password(password: str) -> str:
    """Return the encoded hash of `password`, which is not trimmed, cut or normalised. Raises TooManyAtOnce."""
    return _run(lambda: HASHER.hash(password))


def password_matches(password_hash: str | None, password: str) -> bool:
    """Return whether `password` matches `password_hash`. Takes the same time if the hash is None.

    Raises TooManyAtOnce.
    """
    matches = _run(lambda: _verify(password_hash or _DUMMY, password))
    return matches and password_hash is not None


def needs_new_hash(password_hash: str) -> bool:
    """Return whether a hash was made with other parameters than the current ones."""
    return HASHER.check_needs_rehash(password_hash)


def read_blocklist(source: str) -> frozenset[str]:
    """Return the passwords that are not allowed, in lower case: none (`off`), the commonest, or a file's lines."""
    if source == "off":
        return frozenset()
    if source == "builtin":
        from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 - 90 000 words, for production only

        return frozenset(FREQUENCY_LISTS["passwords"][:COMMONEST])
    return frozenset(line.strip().lower() for line in Path(source).read_text(encoding="utf-8").splitlines())


def _run(work: Callable[[], Result]) -> Result:
    """Run `work` in the hashing thread of this process. Raises TooManyAtOnce if it can't begin in time."""
    if not THREADS.acquire(blocking=False):
        raise TooManyAtOnce
    try:
        # A fork does not copy threads, so each process needs its own executor.
        executor = _EXECUTORS.setdefault(os.getpid(), ThreadPoolExecutor(1, thread_name_prefix="hashing"))
        future = executor.submit(work)
        wait([future], WAIT_SECONDS)
        if future.cancel():  # only possible before the start of `work`
            raise TooManyAtOnce
        return future.result()
    finally:
        THREADS.release()


def _verify(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except InvalidHashError:
        # An external writer stored another scheme. No password matches it, and the response time must not reveal it.
        _verify(_DUMMY, password)
        return False
    except VerificationError:
        return False
