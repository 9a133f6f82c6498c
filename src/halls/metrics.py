"""Metrics for Prometheus, counted together by all processes of one machine."""

from __future__ import annotations

import fcntl
import functools
import itertools
import os
import threading
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prometheus_client.registry import Collector

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# Enough for thousands of time series. There are some hundreds.
ROOM_BYTES = 1 << 20
Params = ParamSpec("Params")
Result = TypeVar("Result")
_creation_lock = threading.Lock()


class Metrics:
    """All counters and histograms of the application."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter("halls_requests", "Requests.", ["method", "route", "status"], registry=registry)
        self.seconds = Histogram(
            "halls_request_seconds", "Duration of requests.", ["route"], buckets=SECONDS, registry=registry
        )
        self.bookings = Counter(
            "halls_bookings", "Attempts to create or change a booking.", ["outcome"], registry=registry
        )
        # The series must start at zero: an alert reports a day without bookings (deploy/monitoring).
        self.bookings.labels("placed")
        self.outbox = Counter(
            "halls_outbox_attempts", "Attempts to handle an outbox entry.", ["kind", "outcome"], registry=registry
        )
        self.slow_commands = Counter(
            "halls_slow_commands", "Database commands over SLOW_COMMAND_MS.", ["command"], registry=registry
        )


class _Shared:
    """The folder and slot of this process. Without a folder the process keeps its metrics in memory."""

    folder: Path | None = None
    slot = -1
    owner = -1
    lock = -1


@functools.cache
def _registry() -> CollectorRegistry:
    return CollectorRegistry()


def metrics() -> Metrics:
    """Return the metrics of this process. They are created at the first use, after `share_metrics`."""
    # The first requests arrive at the same time, and a registry raises an error if a name is registered twice.
    with _creation_lock:
        return _make_metrics()


@functools.cache
def _make_metrics() -> Metrics:
    return Metrics(_registry())


def share_metrics(folder: Path) -> None:
    """Keep the metrics in `folder`, together with other processes. Call it before the first use of `metrics`."""
    folder.mkdir(parents=True, exist_ok=True)
    _Shared.folder = folder
    values.ValueClass = values.MultiProcessValue(_take_slot)


def _take_slot() -> int:
    """Return the slot of this process. It reuses the slot of an ended process, otherwise files would accumulate."""
    if _Shared.owner != os.getpid():
        assert _Shared.folder is not None  # noqa: S101 - share_metrics has set it
        slots = ((slot, _lock_slot(_Shared.folder, slot)) for slot in itertools.count())
        _Shared.slot, _Shared.lock = next((slot, lock) for slot, lock in slots if lock is not None)
        _Shared.owner = os.getpid()
        _reserve_room(_Shared.folder, _Shared.slot)
    return _Shared.slot


def _reserve_room(folder: Path, slot: int) -> None:
    """Allocate the disk space now: with a full disk, a write to a memory-mapped hole kills the process (SIGBUS)."""
    for kind in ("counter", "histogram"):
        with (folder / f"{kind}_{slot}.db").open("ab") as file:
            file.write(bytes(max(0, ROOM_BYTES - file.tell())))


def _lock_slot(folder: Path, slot: int) -> int | None:
    """Return the open lock file of a slot, or None while another process has it. It is freed when a process ends."""
    lock = os.open(folder / f"{slot}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def render_metrics(extra: Collector) -> bytes:
    """Return the metrics of this machine, and those of `extra`, in Prometheus's text format."""
    registry = _registry()
    if _Shared.folder is not None:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(_Shared.folder))
    extra_registry = CollectorRegistry()
    extra_registry.register(extra)
    return generate_latest(registry) + generate_latest(extra_registry)


def counts_bookings(
    outcome: Callable[[Any], str],
) -> Callable[[Callable[Params, Result]], Callable[Params, Result]]:
    """Count the calls of the decorated function by the `outcome` of the result, or by the code of its error."""

    def decorate(function: Callable[Params, Result]) -> Callable[Params, Result]:
        @functools.wraps(function)
        def counted(*args: Params.args, **kwargs: Params.kwargs) -> Result:
            try:
                result = function(*args, **kwargs)
            except Exception as error:
                code = getattr(error, "code", None)
                metrics().bookings.labels(code if isinstance(code, str) else "failed").inc()
                raise
            metrics().bookings.labels(outcome(result)).inc()
            return result

        return counted

    return decorate
