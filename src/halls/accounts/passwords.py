"""Hashes passwords with argon2id (RFC 9106) at OWASP's cost, and verifies them, one at a time in each process."""

from __future__ import annotations

import os
import re
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from werkzeug.security import check_password_hash

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
# Hashes of generate_password_hash in Werkzeug, which many Flask applications store.
_WERKZEUG = re.compile(
    r"(scrypt:(?P<n>[0-9]{1,7}):(?P<r>[0-9]{1,3}):(?P<p>[0-9]{1,3})"
    r"|pbkdf2:(md5|sha1|sha224|sha256|sha384|sha512):(?P<iterations>[0-9]{1,7}))\$[^$]*\$"
)
# The costs of a stored hash are limited, otherwise one hash could occupy the hashing thread for minutes. The limits are
# the highest recommendations: of OWASP for scrypt (n r p), and of RFC 9106 for argon2 (KiB times passes). The limit of
# PBKDF2 is twice the default of Werkzeug.
MAX_SCRYPT_COST = 2**17 * 8
MAX_PBKDF2_ITERATIONS = 2_000_000
MAX_ARGON2_COST, MAX_ARGON2_LANES = 2**21, 16
# Verified if an account has no usable hash. Otherwise the response time would reveal that.
_DUMMY = HASHER.hash("no account has this password, and none is looked up by it")


class TooManyAtOnce(RateLimited):
    """Too many passwords wait to be hashed in this process."""

    message = "Too many people are logging in at once. Try again in a moment."
    headers = {"Retry-After": "1"}  # noqa: RUF012 - declared a ClassVar by ApiError


def hash_password(password: str) -> str:
    """Return the argon2 hash of `password` in Unicode NFC, neither trimmed nor cut. Raises TooManyAtOnce."""
    return _run(lambda: HASHER.hash(unicodedata.normalize("NFC", password)))


def password_matches(password_hash: str | None, password: str) -> bool:
    """Return whether `password` matches `password_hash`. Raises TooManyAtOnce."""
    return find_matching_form(password_hash, password) is not None


def find_matching_form(password_hash: str | None, password: str) -> str | None:
    """Return the Unicode form of `password` that matches `password_hash`, or None. Raises TooManyAtOnce.

    The same letters have several forms: keyboards differ, and an earlier application hashed the input as it was. Takes
    the same time whether no hash exists or another password was hashed.
    """
    forms = dict.fromkeys([*(unicodedata.normalize(name, password) for name in ("NFC", "NFD")), password])
    match = _run(lambda: next((form for form in forms if _verify(password_hash or _DUMMY, form)), None))
    return match if password_hash is not None else None


def needs_new_hash(password_hash: str, form: str) -> bool:
    """Return whether `hash_password` would hash this form of a password in another way."""
    if not password_hash.startswith("$argon2") or not unicodedata.is_normalized("NFC", form):
        return True
    return HASHER.check_needs_rehash(password_hash)


def is_personal(password: str, *texts: str | None) -> bool:
    """Return whether the password is one of the texts, such as the e-mail address, in any letter case."""
    return any(_fold(password) == _fold(text) for text in texts if text is not None)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


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
        if werkzeug := _WERKZEUG.match(password_hash):
            _check_werkzeug_cost(werkzeug.groupdict())
            return check_password_hash(password_hash, password)
        return _verify_argon2(password_hash, password)
    except (ValueError, TypeError, VerificationError):
        # Another scheme, or a damaged hash. No password matches it, and the response time must not reveal it.
        _verify_argon2(_DUMMY, password)
        return False


def _check_werkzeug_cost(parts: dict[str, str | None]) -> None:
    scrypt_cost = int(parts["n"] or 0) * int(parts["r"] or 0) * int(parts["p"] or 0)
    if int(parts["iterations"] or 0) > MAX_PBKDF2_ITERATIONS or scrypt_cost > MAX_SCRYPT_COST:
        raise InvalidHashError("too expensive")


def _verify_argon2(password_hash: str, password: str) -> bool:
    """Return whether the password matches. Raises InvalidHashError and VerificationError for an unusable hash."""
    costs = extract_parameters(password_hash)
    if costs.memory_cost * costs.time_cost > MAX_ARGON2_COST or costs.parallelism > MAX_ARGON2_LANES:
        raise InvalidHashError("too expensive")
    try:
        return HASHER.verify(password_hash, password)
    except VerifyMismatchError:
        return False
