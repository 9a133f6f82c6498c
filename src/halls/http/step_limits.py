"""Limits of a network that are counted in each process, and added to the shared counters in steps.

A search takes less than a millisecond of processor time. A shared counter would take half of that again.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from halls.errors import RateLimited
from halls.http.rate_limits import wider_networks

if TYPE_CHECKING:
    from halls.http.rate_limits import Limit, RateLimiter

# A process adds a step to the shared counter after each twentieth of the limit.
STEPS = 20
MAX_NETWORKS = 10_000


class StepLimiter:
    """Counts the requests of each network. Each process after the first may accept one step more than the limit."""

    def __init__(self, limiter: RateLimiter, limit: Limit) -> None:
        self._limiter, self._amount = limiter, limit.amount
        self._step = max(1, limit.amount // STEPS)
        # One hit stands for a whole step.
        self._limit = replace(limit, amount=limit.amount // self._step)
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._blocked_until: dict[str, float] = {}
        self._began = time.monotonic()

    def count(self, network: str) -> None:
        """Count a request. Raises RateLimited if the network, or a wider IPv6 network around it, has none left."""
        now = time.monotonic()
        networks = _list_networks(network)
        with self._lock:
            self._forget(now)
            until = max(self._blocked_until.get(one, now) for one in networks)
            # IPv6 by the widest network. Otherwise a client with many networks never fills a step in one of them.
            # Each network then pays for a step as often as its share of the requests.
            requests = self._counts.get(networks[-1], 0) + 1
            is_step = requests >= self._step and until <= now
            self._counts[networks[-1]] = 0 if is_step else requests
        if until > now:
            raise self._rate_limited(until - now)
        if is_step:
            self._add_step(networks, now)

    def _add_step(self, networks: tuple[str, ...], now: float) -> None:
        try:
            headers = self._limiter.hit(self._limit, networks[0])
        except RateLimited as error:
            exceeded, seconds = error.response_headers["RateLimit-Limit"], int(error.response_headers["Retry-After"])
            self._block(self._find_network(networks, int(exceeded)), now + seconds)
            raise self._rate_limited(seconds) from None
        if headers.get("RateLimit-Remaining") == "0":
            self._block(networks[0], now + int(headers["RateLimit-Reset"]))

    def _find_network(self, networks: tuple[str, ...], exceeded: int) -> str:
        """Return the one of the networks whose limit has that amount: wider networks have larger limits."""
        factors = [1, *(factor for _, factor in wider_networks(networks[0]))]
        return networks[factors.index(exceeded // self._limit.amount)]

    def _block(self, network: str, until: float) -> None:
        with self._lock:
            self._blocked_until[network] = until

    def _forget(self, now: float) -> None:
        """Delete old counts. A network with less than a step in a window is never counted in the shared storage."""
        if now - self._began < self._limit.seconds and len(self._counts) < MAX_NETWORKS:
            return
        self._began = now
        self._counts.clear()
        self._blocked_until = {one: until for one, until in self._blocked_until.items() if until > now}

    def _rate_limited(self, seconds: float) -> RateLimited:
        wait = str(max(1, round(seconds)))
        headers = {"RateLimit-Limit": str(self._amount), "RateLimit-Remaining": "0", "RateLimit-Reset": wait}
        return RateLimited(headers={**headers, "Retry-After": wait})


class StepLimiters:
    """The limiters of the limits with `in_steps`, one for each limit."""

    def __init__(self, limiter: RateLimiter) -> None:
        self._limiter = limiter
        self._lock = threading.Lock()
        self._limiters: dict[Limit, StepLimiter] = {}

    def count(self, limit: Limit, network: str) -> None:
        """Count a request for a limit. Raises RateLimited like `StepLimiter.count`."""
        with self._lock:
            limiter = self._limiters.setdefault(limit, StepLimiter(self._limiter, limit))
        limiter.count(network)


@lru_cache(maxsize=MAX_NETWORKS)
def _list_networks(network: str) -> tuple[str, ...]:
    return network, *(wider for wider, _ in wider_networks(network))
