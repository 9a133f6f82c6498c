"""Hashes and checks passwords with argon2id (RFC 9106), at the cost OWASP asks for."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Compared with when there is nothing to compare, so that the time tells nothing. Of a password nobody knows.
_DUMMY = HASHER.hash("no account has this password, and none is looked up by it")


def hash_password(password: str) -> str:
    """Return the encoded hash of `password`, which is taken as it is: never trimmed, cut or normalised."""
    return HASHER.hash(password)


def password_matches(password_hash: str | None, password: str) -> bool:
    """Tell whether `password` is the one behind `password_hash`; takes the same time when there is none."""
    try:
        HASHER.verify(password_hash or _DUMMY, password)
    except InvalidHashError:
        # Written by another tool in another scheme: nobody can log in with it, and the time must not tell.
        return password_matches(None, password)
    except VerificationError:
        return False
    return password_hash is not None
