"""Rate limits, counted across all workers, in MongoDB or in RATE_LIMIT_STORAGE_URI."""

from __future__ import annotations

import hashlib
import ipaddress
import threading
import time
from contextlib import contextmanager
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
    from collections.abc import Callable, Iterator

    from halls.config import Config
    from halls.errors import ApiError

log = structlog.get_logger()
WARN_SECONDS = 60
STORAGE_SECONDS = 1.0
# After an error the storage is not used for this time. Otherwise every request waits for its timeout.
AWAY_SECONDS = 5.0
# The library creates this index only at its first count, and does not retry if that fails.
COLLECTION = CollectionSpec("rate_limit_counters", [IndexModel("expireAt", name="expireAt_1", expireAfterSeconds=0)])
Result = TypeVar("Result")


@dataclass(frozen=True)
class Limit:
    """At most `amount` requests in `seconds` for each caller: an account or a network address."""

    name: str
    amount: int
    seconds: int
    by_account: bool = False
    # While the storage is unreachable, strict limits are counted per process. The others are not enforced.
    strict: bool = False


class MongoCounters(MongoDBStorage):
    """MongoDBStorage without its finalizer.

    The library's finalizer opens a connection in order to close it. A worker that exits waits for it and is killed.
    """

    def __del__(self) -> None:
        """Do nothing: the connection closes when the process ends."""


class RateLimiter:
    """Counts requests in the storage of RATE_LIMIT_STORAGE_URI, by default in the application's MongoDB."""

    def __init__(self, config: Config) -> None:
        self._is_on = config.rate_limits == "on"
        self._local = MemoryStorage()
        self._warned_at = self._away_until = float("-inf")
        self._storage = _open_storage(config) if self._is_on else self._local
        self._is_connected, self._connect_lock = False, threading.Lock()

    def hit(self, limit: Limit, *caller: str) -> dict[str, str]:
        """Count a request and return the RateLimit headers. Raises RateLimited; rejected requests count too."""
        if not self._is_on:
            return {}
        headers = self._use_storage(lambda storage: _count(storage, limit, caller))
        if headers is None:
            headers = _count(self._local, limit, caller) if limit.strict else {}
        return headers

    @contextmanager
    def count_failures(self, limit: Limit, failure: type[ApiError], *caller: str) -> Iterator[None]:
        """Count the request only if the block raises `failure`. Raises RateLimited if the caller has no try left."""
        if self._is_on:
            is_checked = self._use_storage(lambda storage: _require_try(storage, limit, caller))
            if not is_checked and limit.strict:
                _require_try(self._local, limit, caller)
        try:
            yield
        except failure:
            self.hit(limit, *caller)
            raise

    def reset(self, limit: Limit, *caller: str) -> None:
        """Delete the count of a caller, such as after a correct password."""
        if self._is_on:
            self._use_storage(lambda storage: storage.clear(_key(limit, caller)))
            self._local.clear(_key(limit, caller))

    def _use_storage(self, operation: Callable[[Storage], Result]) -> Result | None:
        """Return the result of `operation`, or None while the storage is unreachable."""
        now = time.monotonic()
        if now < self._away_until:
            return None
        try:
            with pymongo.timeout(STORAGE_SECONDS):
                self._connect()
                return operation(self._storage)
        except StorageError:
            self._away_until = now + AWAY_SECONDS
            if now - self._warned_at > WARN_SECONDS:
                self._warned_at = now
                log.warning("the counters of rate limits are out of reach")
            return None

    def _connect(self) -> None:
        """Connect in one thread only. The library connects at the first use, and two threads would connect twice."""
        if self._is_connected:
            return
        with self._connect_lock:
            if not self._is_connected:
                self._storage.check()
                self._is_connected = True


def network_of(address: str | None) -> str:
    """Return the network by which a client is counted: its IPv4 address, or its IPv6 /64, which one client controls."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    # A server that listens on IPv6 sees IPv4 clients as mapped addresses, which are all in the same /64.
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))


def _open_storage(config: Config) -> Storage:
    uri = config.rate_limit_storage_uri or config.database_uri
    options: dict[str, Any] = {}
    if uri.startswith("mongodb"):
        options = {
            # Not "majority", which costs 1.3 ms per request. A lost counter allows only ten more guesses of a password.
            "w": 1,
            # Parsed here because the driver's parser makes a DNS query for mongodb+srv addresses.
            "database_name": unquote(urlsplit(uri).path[1:]) or "halls",
            "connect": False,
            "counter_collection_name": COLLECTION.name,
            "window_collection_name": "rate_limit_windows",
        }
        return MongoCounters(uri, wrap_exceptions=True, **options)
    if uri.startswith("redis"):
        options = {"socket_timeout": STORAGE_SECONDS, "socket_connect_timeout": STORAGE_SECONDS}
    return cast("Storage", storage_from_string(uri, wrap_exceptions=True, **options))


def _key(limit: Limit, caller: tuple[str, ...]) -> str:
    # Hashed, so that the counters do not contain e-mail or network addresses.
    return f"{limit.name}/{hashlib.sha256(' '.join(caller).encode()).hexdigest()}"


def _require_try(storage: Storage, limit: Limit, caller: tuple[str, ...]) -> bool:
    key = _key(limit, caller)
    count = storage.get(key)
    if count >= limit.amount:
        _check(storage, limit, key, count + 1)
    return True


def _count(storage: Storage, limit: Limit, caller: tuple[str, ...]) -> dict[str, str]:
    key = _key(limit, caller)
    return _check(storage, limit, key, storage.incr(key, limit.seconds))


def _check(storage: Storage, limit: Limit, key: str, count: int) -> dict[str, str]:
    """Return the RateLimit headers after `count` requests. Raises RateLimited if they are too many."""
    seconds_left = round(storage.get_expiry(key) - time.time())  # noqa: TID251 - the clock of the storage
    reset = min(max(1, seconds_left), limit.seconds)
    left = max(0, limit.amount - count)
    headers = {"RateLimit-Limit": str(limit.amount), "RateLimit-Remaining": str(left), "RateLimit-Reset": str(reset)}
    if count > limit.amount:
        raise RateLimited(headers={**headers, "Retry-After": str(reset)})
    return headers
