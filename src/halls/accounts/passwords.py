"""Hashes and verifies passwords with argon2id (RFC 9106) at OWASP's cost, two at a time per machine."""

from __future__ import annotations

import fcntl
import functools
import os
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from halls.errors import RateLimited

if TYPE_CHECKING:
    from collections.abc import Iterator

HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Hashes at the same time. Further ones wait, then fail: otherwise a flood of logins would take the processors from
# all other requests.
SLOTS = 2
WAIT_SECONDS = 2.0
# A worker has eight threads by default. Two of them stay free for other requests.
THREADS = threading.BoundedSemaphore(6)
LOOK_SECONDS = 0.005
_MAKING = threading.Lock()
COMMONEST = 3_000
# Verified if an account has no usable hash. Otherwise the response time would reveal that.
_DUMMY = HASHER.hash("no account has this password, and none is looked up by it")


class TooManyAtOnce(RateLimited):
    """Too many passwords are being hashed on this machine."""

    message = "Too many people are logging in at once. Try again in a moment."
    headers = {"Retry-After": "1"}  # noqa: RUF012 - declared a ClassVar by ApiError


def hash_password(password: str) -> str:
    """Return the encoded hash of `password`, which is not trimmed, cut or normalised. Raises TooManyAtOnce."""
    with _slot():
        return _hashers().submit(HASHER.hash, password).result()


def password_matches(password_hash: str | None, password: str) -> bool:
    """Return whether `password` matches `password_hash`. Takes the same time if the hash is None.

    Raises TooManyAtOnce.
    """
    with _slot():
        matches = _hashers().submit(_verify, password_hash or _DUMMY, password).result()
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


def _hashers() -> ThreadPoolExecutor:
    # functools.cache has no lock: two first hashes at the same time would each create threads, which keep 19 MB each.
    with _MAKING:
        return _make_hashers(os.getpid())


@functools.cache
def _make_hashers(_pid: int) -> ThreadPoolExecutor:
    """Return the hashing threads of this process. Threads do not survive a fork, so the process id is the cache key.

    The C library keeps the 19 MB of a hash for the thread that allocated them. So only these threads hash, not all
    threads that serve requests (decision 22).
    """
    return ThreadPoolExecutor(SLOTS, thread_name_prefix="hashing")


def _verify(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except InvalidHashError:
        # An external writer stored another scheme. No password matches it, and the response time must not reveal it.
        _verify(_DUMMY, password)
        return False
    except VerificationError:
        return False


@contextmanager
def _slot() -> Iterator[None]:
    """Hold one of the machine's slots: file locks that all workers share, and that a killed worker releases."""
    if not THREADS.acquire(blocking=False):
        raise TooManyAtOnce
    try:
        descriptor = _wait_for_lock()
        try:
            yield
        finally:
            os.close(descriptor)
    finally:
        THREADS.release()


def _wait_for_lock() -> int:
    folder = Path(tempfile.gettempdir()) / f"halls-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    deadline = time.monotonic() + WAIT_SECONDS
    numbers = cycle(range(SLOTS))
    while (descriptor := _take_lock(folder / f"hashing-{next(numbers)}")) is None:
        if time.monotonic() > deadline:
            raise TooManyAtOnce
        time.sleep(LOOK_SECONDS)
    return descriptor


def _take_lock(path: Path) -> int | None:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
