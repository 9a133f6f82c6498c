"""Rate limits, counted across all workers, in MongoDB or in RATE_LIMIT_STORAGE_URI."""

from __future__ import annotations

import functools
import hashlib
import ipaddress
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timezone
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import unquote, urlsplit

import pymongo
import structlog
from limits.errors import StorageError
from limits.storage import MemoryStorage, MongoDBStorage, Storage, storage_from_string
from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

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
# Providers give a customer a /56 or a /48, so one client may have 65 536 networks of /64.
WIDER_NETWORKS = ((56, 4), (48, 16))
# How many networks of addresses are cached.
MAX_ADDRESSES = 10_000
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
    # Each process counts the networks, and adds its count to the shared counters in steps (`http/step_limits.py`).
    in_steps: bool = False


class MongoCounters(MongoDBStorage):
    """MongoDBStorage without its finalizer.

    The library's finalizer opens a connection in order to close it. A worker that exits waits for it and is killed.
    """

    def __del__(self) -> None:
        """Do nothing: the connection closes when the process ends."""

    def increment(self, key: str, seconds: int) -> tuple[int, float]:
        """Count a request. Return the count and the end of its window, as `incr` and `get_expiry` do in two queries.

        Raises PyMongoError.
        """
        is_new = {"$not": [{"$gt": ["$expireAt", "$$NOW"]}]}
        update = {
            "count": {"$cond": [is_new, 1, {"$add": ["$count", 1]}]},
            "expireAt": {"$cond": [is_new, {"$add": ["$$NOW", seconds * 1000]}, "$expireAt"]},
        }
        try:
            counter = self._upsert(key, update)
        except DuplicateKeyError:
            # Another request has inserted the counter at the same time.
            counter = self._upsert(key, update)
        return counter["count"], counter["expireAt"].replace(tzinfo=timezone.utc).timestamp()

    def _upsert(self, key: str, update: dict[str, Any]) -> Any:
        return self.counters.find_one_and_update(
            {"_id": key}, [{"$set": update}], upsert=True, return_document=ReturnDocument.AFTER
        )


class RateLimiter:
    """Counts requests in the storage of RATE_LIMIT_STORAGE_URI, by default in the application's MongoDB."""

    def __init__(self, config: Config) -> None:
        self._is_on = config.rate_limits == "on"
        self._local = MemoryStorage()
        self._warned_at = self._away_until = float("-inf")
        self._storage = _open_storage(config) if self._is_on else self._local
        self._is_connected, self._connect_lock = False, threading.Lock()

    def hit(self, limit: Limit, *caller: str) -> dict[str, str]:
        """Count a request and return the RateLimit headers. Raises RateLimited; rejected requests count too.

        A request of an IPv6 network also counts for the wider networks around it.
        """
        if not self._is_on:
            return {}
        headers, *_ = (self._hit_bucket(*bucket) for bucket in _list_buckets(limit, caller))
        return headers

    def _hit_bucket(self, limit: Limit, caller: tuple[str, ...]) -> dict[str, str]:
        headers = self._use_storage(lambda storage: _count(storage, limit, caller))
        if headers is None:
            headers = _count(self._local, limit, caller) if limit.strict else {}
        return headers

    @contextmanager
    def count_failures(self, limit: Limit, failure: type[ApiError], *caller: str) -> Iterator[None]:
        """Count the request only if the block raises `failure`. Raises RateLimited if the caller has no try left."""
        if self._is_on:
            for bucket in _list_buckets(limit, caller):
                is_checked = self._use_storage(functools.partial(_require_try, limit=bucket[0], caller=bucket[1]))
                if not is_checked and limit.strict:
                    _require_try(self._local, *bucket)
        try:
            yield
        except failure:
            self.hit(limit, *caller)
            raise

    def count_of(self, limit: Limit, *caller: str) -> int:
        """Return the number of requests that count for a caller now, without its wider networks."""
        return self._read(_key(limit, caller)) if self._is_on else 0

    def is_used_up(self, limit: Limit, *caller: str) -> bool:
        """Return whether the caller, or a wider network around it, has sent as many requests as the limit allows."""
        buckets = _list_buckets(limit, caller) if self._is_on else []
        return any(self._read(_key(*bucket)) >= bucket[0].amount for bucket in buckets)

    def add(self, limit: Limit, *caller: str) -> None:
        """Count a request like `hit`, without an error."""
        for bucket in _list_buckets(limit, caller) if self._is_on else []:
            with suppress(RateLimited):
                self._hit_bucket(*bucket)

    def _read(self, key: str) -> int:
        # The counts of this process: those of strict limits while the storage was unreachable.
        return max(self._use_storage(lambda storage: storage.get(key)) or 0, self._local.get(key))

    def reset(self, limit: Limit, *caller: str) -> None:
        """Delete the count of a caller, such as after a correct password."""
        if self._is_on:
            for bucket in _list_buckets(limit, caller):
                self._use_storage(functools.partial(_clear, key=_key(*bucket)))
                _clear(self._local, _key(*bucket))

    def _use_storage(self, operation: Callable[[Storage], Result]) -> Result | None:
        """Return the result of `operation`, or None while the storage is unreachable."""
        now = time.monotonic()
        if now < self._away_until:
            return None
        try:
            with pymongo.timeout(STORAGE_SECONDS):
                self._connect()
                return operation(self._storage)
        except (StorageError, PyMongoError):
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


@functools.lru_cache(MAX_ADDRESSES)
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


def wider_networks(network: str) -> list[tuple[str, int]]:
    """Return the networks around an IPv6 /64, each with the factor by which its limits are larger. None for IPv4."""
    try:
        inner = ipaddress.IPv6Network(network)
    except ValueError:
        return []
    return [(str(inner.supernet(new_prefix=prefix)), factor) for prefix, factor in WIDER_NETWORKS]


def _list_buckets(limit: Limit, caller: tuple[str, ...]) -> list[tuple[Limit, tuple[str, ...]]]:
    """Return all limits that count a request of `caller`, the first one for the caller itself."""
    wider = [] if limit.by_account else wider_networks(caller[0])
    around = [(replace(limit, amount=limit.amount * factor), (network, *caller[1:])) for network, factor in wider]
    return [(limit, caller), *around]


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
        _check(limit, count + 1, storage.get_expiry(key))
    return True


def _clear(storage: Storage, key: str) -> None:
    storage.clear(key)


def _count(storage: Storage, limit: Limit, caller: tuple[str, ...]) -> dict[str, str]:
    key = _key(limit, caller)
    if isinstance(storage, MongoCounters):
        return _check(limit, *storage.increment(key, limit.seconds))
    return _check(limit, storage.incr(key, limit.seconds), storage.get_expiry(key))


def _check(limit: Limit, count: int, ends_at: float) -> dict[str, str]:
    """Return the RateLimit headers after `count` requests. Raises RateLimited if they are too many."""
    seconds_left = round(ends_at - time.time())  # noqa: TID251 - the clock of the storage
    reset = min(max(1, seconds_left), limit.seconds)
    left = max(0, limit.amount - count)
    headers = {"RateLimit-Limit": str(limit.amount), "RateLimit-Remaining": str(left), "RateLimit-Reset": str(reset)}
    if count > limit.amount:
        raise RateLimited(headers={**headers, "Retry-After": str(reset)})
    return headers
