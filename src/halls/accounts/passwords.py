"""Hashes and checks passwords with argon2id (RFC 9106), at the cost OWASP asks for, two at a time per machine."""

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
# A flood of logins must leave the processors to those who book: more than this many wait their turn, and are refused.
SLOTS = 2
WAIT_SECONDS = 2.0
# Of the eight threads that a worker has by default, two stay free for all else.
THREADS = threading.BoundedSemaphore(6)
LOOK_SECONDS = 0.005
_MAKING = threading.Lock()
COMMONEST = 3_000
# Compared with when there is nothing to compare, so that the time tells nothing.
_DUMMY = HASHER.hash("no account has this password, and none is looked up by it")


class TooManyAtOnce(RateLimited):
    """More people log in at this moment than the machine hashes passwords for."""

    message = "Too many people are logging in at once. Try again in a moment."
    headers = {"Retry-After": "1"}  # noqa: RUF012 - declared a ClassVar by Refusal


def hash_password(password: str) -> str:
    """Return the encoded hash of `password`, taken as it is: never trimmed, cut or normalised. Raises TooManyAtOnce."""
    with _slot():
        return _hashers().submit(HASHER.hash, password).result()


def password_matches(password_hash: str | None, password: str) -> bool:
    """Tell whether `password` is the one behind `password_hash`; takes the same time when there is none.

    Raises TooManyAtOnce when too many hash already.
    """
    with _slot():
        matches = _hashers().submit(_verify, password_hash or _DUMMY, password).result()
    return matches and password_hash is not None


def needs_new_hash(password_hash: str) -> bool:
    """Tell whether a hash was made at another cost than today's."""
    return HASHER.check_needs_rehash(password_hash)


def read_blocklist(source: str) -> frozenset[str]:
    """Return the passwords nobody may choose, in lower case: none (`off`), the commonest, or a file's lines."""
    if source == "off":
        return frozenset()
    if source == "builtin":
        from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 - 90 000 words, for production only

        return frozenset(FREQUENCY_LISTS["passwords"][:COMMONEST])
    return frozenset(line.strip().lower() for line in Path(source).read_text(encoding="utf-8").splitlines())


def _hashers() -> ThreadPoolExecutor:
    # A cache alone lets two first hashes that come together make threads each, and 19 MB of each stay.
    with _MAKING:
        return _make_hashers(os.getpid())


@functools.cache
def _make_hashers(_pid: int) -> ThreadPoolExecutor:
    """Return this process's threads that hash; a child of a fork has none of its parent's.

    The C library keeps the 19 MB of a hash for the thread that asked for them: so only these ask, not every one that
    serves requests (decision 22).
    """
    return ThreadPoolExecutor(SLOTS, thread_name_prefix="hashing")


def _verify(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except InvalidHashError:
        # Written by another tool in another scheme: nobody can log in with it, and the time must not tell.
        _verify(_DUMMY, password)
        return False
    except VerificationError:
        return False


@contextmanager
def _slot() -> Iterator[None]:
    """Hold one of the machine's slots: locks on files, which all workers share and a killed one lets go."""
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
