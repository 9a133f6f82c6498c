"""Rate limits, counted across all workers: a person never meets them, who guesses passwords does."""

from __future__ import annotations

import hashlib
import ipaddress
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import unquote, urlsplit

import pymongo
import structlog
from limits.errors import StorageError
from limits.storage import MemoryStorage, MongoDBStorage, Storage, storage_from_string
from pymongo import IndexModel

from halls.errors import RateLimited
from halls.mongo.indexes import CollectionSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.config import Config

log = structlog.get_logger()
WARN_SECONDS = 60
STORAGE_SECONDS = 1.0
# A storage that was out of reach is left alone for a while: not every request shall wait for it.
AWAY_SECONDS = 5.0
# The library makes this index too, but only at its first count, and not again if that fails.
COLLECTION = CollectionSpec("rate_limit_counters", [IndexModel("expireAt", name="expireAt_1", expireAfterSeconds=0)])
Result = TypeVar("Result")


@dataclass(frozen=True)
class Limit:
    """At most `amount` in `seconds`, each caller (by account, or by network address) for itself."""

    name: str
    amount: int
    seconds: int
    by_account: bool = False
    # With the counters' storage dead these are counted per process; the others are let through.
    strict: bool = False


class MongoCounters(MongoDBStorage):
    """The library's counters in MongoDB, but for their end: to close a connection that it never had, it opens one.

    A worker that ends can't, waits for it, and is killed.
    """

    def __del__(self) -> None:
        """Leave a connection, if there is one, to the end of the process."""


class RateLimiter:
    """Counts in RATE_LIMIT_STORAGE_URI, by default in the application's MongoDB."""

    def __init__(self, config: Config) -> None:
        self._is_on = config.rate_limits == "on"
        self._local = MemoryStorage()
        self._warned_at = self._away_until = float("-inf")
        self._storage = _open_storage(config) if self._is_on else self._local
        self._was_used, self._first_use = False, threading.Lock()

    def hit(self, limit: Limit, *who: str) -> dict[str, str]:
        """Count one more of `who`; return headers that say what is left. Raises RateLimited; refused ones count too."""
        if not self._is_on:
            return {}
        headers = self._ask_storage(lambda storage: _count(storage, limit, who))
        if headers is None:
            headers = _count(self._local, limit, who) if limit.strict else {}
        return headers

    def reset(self, limit: Limit, *who: str) -> None:
        """Forget what was counted: it was who it should be."""
        if self._is_on:
            self._ask_storage(lambda storage: storage.clear(_key(limit, who)))
            self._local.clear(_key(limit, who))

    def _ask_storage(self, work: Callable[[Storage], Result]) -> Result | None:
        """Return what `work` returns, or None while the storage is out of reach."""
        now = time.monotonic()
        if now < self._away_until:
            return None
        try:
            with pymongo.timeout(STORAGE_SECONDS):
                self._connect()
                return work(self._storage)
        except StorageError:
            self._away_until = now + AWAY_SECONDS
            if now - self._warned_at > WARN_SECONDS:
                self._warned_at = now
                log.warning("the counters of rate limits are out of reach")
            return None

    def _connect(self) -> None:
        """Let one thread use the storage first: the library connects at that, and two at once would connect twice."""
        if self._was_used:
            return
        with self._first_use:
            if not self._was_used:
                self._storage.check()
                self._was_used = True


def network_of(address: str | None) -> str:
    """Return what a client is counted by: its address, and of IPv6 the /64, which one person has whole."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    # A server that listens on IPv6 sees IPv4 so, and all of IPv4 is no one person.
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))


def _open_storage(config: Config) -> Storage:
    uri = config.rate_limit_storage_uri or config.database_uri
    options: dict[str, Any] = {}
    if uri.startswith("mongodb"):
        options = {
            # Not by majority: a counter lost with a node costs a guesser's next ten tries, and saves 1.3 ms a request.
            "w": 1,
            # Not by the driver's own parser, which would look up an address that stands in DNS.
            "database_name": unquote(urlsplit(uri).path[1:]) or "halls",
            "connect": False,
            "counter_collection_name": COLLECTION.name,
            "window_collection_name": "rate_limit_windows",
        }
        return MongoCounters(uri, wrap_exceptions=True, **options)
    if uri.startswith("redis"):
        options = {"socket_timeout": STORAGE_SECONDS, "socket_connect_timeout": STORAGE_SECONDS}
    return cast("Storage", storage_from_string(uri, wrap_exceptions=True, **options))


def _key(limit: Limit, who: tuple[str, ...]) -> str:
    # Hashed: a counter's name shall hold nobody's address.
    return f"{limit.name}/{hashlib.sha256(' '.join(who).encode()).hexdigest()}"


def _count(storage: Storage, limit: Limit, who: tuple[str, ...]) -> dict[str, str]:
    key = _key(limit, who)
    count = storage.incr(key, limit.seconds)
    wait = round(storage.get_expiry(key) - time.time())  # noqa: TID251 - the storage's own clock
    reset = min(max(1, wait), limit.seconds)
    left = max(0, limit.amount - count)
    headers = {"RateLimit-Limit": str(limit.amount), "RateLimit-Remaining": str(left), "RateLimit-Reset": str(reset)}
    if count > limit.amount:
        raise RateLimited(headers={**headers, "Retry-After": str(reset)})
    return headers
