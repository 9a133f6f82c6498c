"""The limits of failed logins: for each network, for a network and an address, and for an address over all networks."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from halls.accounts.account import BadCredentials
from halls.http.rate_limits import Limit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.http.rate_limits import RateLimiter

MINUTE, DAY = 60, 24 * 3600
# Also logins with the right password: each one costs a hash, and all logins of a process wait for one thread. Far more
# than the customers of a mobile network, who may have one address, send.
LOGINS = Limit("login", 120, MINUTE)
FAILED_LOGINS = Limit("failed-login", 10, 5 * MINUTE, strict=True)
# All failures for an address, from any network.
FAILURES_OF_ADDRESS = Limit("login-address", 20, DAY, by_account=True, strict=True)
# Whether a network has failed for an address.
FAILED_BEFORE = Limit("login-failed-before", 1, DAY, strict=True)
# The pause between two tries doubles with each ten failures.
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS, FAILURES_PER_STEP = 30, 900, 10


@contextmanager
def limit_logins(limiter: RateLimiter, login_limit: int, network: str, email: str) -> Iterator[None]:
    """Run a login. Count it if the block raises BadCredentials. Raises RateLimited.

    All counts are the same whether or not the account exists.
    """
    limiter.hit(LOGINS, network)
    # Only failures count: all customers of a mobile network may have one address.
    failures = Limit("login-failures", login_limit, MINUTE, strict=True)
    with limiter.count_failures(failures, BadCredentials, network), _pause_between(limiter, network, email):
        # Counted by network and e-mail address together: otherwise an attacker could lock the account's holder out.
        limiter.hit(FAILED_LOGINS, network, email)
        yield
    forget_failures(limiter, network, email)


def forget_failures(limiter: RateLimiter, network: str, email: str) -> None:
    """Let a network log in again at once: it has given the right password of the address, or a reset token."""
    for limit in (FAILED_LOGINS, FAILED_BEFORE, _make_pause(FIRST_PAUSE_SECONDS)):
        limiter.reset(limit, network, email.lower())


@contextmanager
def _pause_between(limiter: RateLimiter, network: str, email: str) -> Iterator[None]:
    """After many failures for an address, let a network that has failed for it try once in each pause.

    Otherwise an attacker with a thousand networks has a thousand times as many guesses. A network that has not failed
    for the address never waits, so an attacker cannot lock the account's holder out.
    """
    pause = pause_after(limiter.count_of(FAILURES_OF_ADDRESS, email))
    has_failed = pause is not None and limiter.is_used_up(FAILED_BEFORE, network, email)
    if pause is not None and has_failed:
        # Taken before the password is compared: of many tries at once only one is within the limit.
        limiter.hit(pause, network, email)
    try:
        yield
    except BadCredentials:
        limiter.add(FAILURES_OF_ADDRESS, email)
        limiter.add(FAILED_BEFORE, network, email)
        if pause is not None and not has_failed:
            limiter.add(pause, network, email)
        raise


def pause_after(failures: int) -> Limit | None:
    """Return the limit of one try in a pause that grows with the failures for an address. None for few failures."""
    if failures < FAILURES_OF_ADDRESS.amount:
        return None
    # At most ten steps, so that the power stays small.
    steps = min((failures - FAILURES_OF_ADDRESS.amount) // FAILURES_PER_STEP, 10)
    return _make_pause(min(FIRST_PAUSE_SECONDS * 2**steps, MAX_PAUSE_SECONDS))


def _make_pause(seconds: int) -> Limit:
    return Limit("login-pause", 1, seconds, strict=True)
