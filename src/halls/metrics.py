"""Metrics: what all processes of one machine count together, for Prometheus."""

from __future__ import annotations

import fcntl
import functools
import itertools
import os
import threading
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prometheus_client.registry import Collector

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# Thousands of names with their labels; there are some hundreds.
ROOM_BYTES = 1 << 20
Given = ParamSpec("Given")
Result = TypeVar("Result")
_making = threading.Lock()


class Metrics:
    """What is counted."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "halls_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "halls_request_seconds", "How long requests took.", ["route"], buckets=SECONDS, registry=registry
        )
        self.bookings = Counter("halls_bookings", "Changes of bookings, as they ended.", ["outcome"], registry=registry)
        # From zero on, not from the first one: an alert looks for a day with none (deploy/monitoring).
        self.bookings.labels("placed")
        self.mails = Counter("halls_mails", "Letters, as a try ended.", ["kind", "outcome"], registry=registry)
        self.slow_commands = Counter(
            "halls_slow_commands", "Database commands over SLOW_COMMAND_MS.", ["command"], registry=registry
        )
        self.connections = Gauge(
            "halls_database_connections",
            "Connections to the database, open and in use.",
            ["state"],
            multiprocess_mode="livesum",
            registry=registry,
        )


class _Shared:
    """Where this machine's processes count together; without a folder each counts for itself."""

    folder: Path | None = None
    slot = -1
    owner = -1
    lock = -1


@functools.cache
def _registry() -> CollectorRegistry:
    return CollectorRegistry()


def metrics() -> Metrics:
    """Return what this process counts with; made at the first use, when it is known whether others count along."""
    # The first requests come at once, and a registry takes no name twice.
    with _making:
        return _make_metrics()


@functools.cache
def _make_metrics() -> Metrics:
    return Metrics(_registry())


def share_metrics(folder: Path) -> None:
    """Count in `folder` from now on, together with whoever else does. Before anything was counted."""
    folder.mkdir(parents=True, exist_ok=True)
    _Shared.folder = folder
    values.ValueClass = values.MultiProcessValue(_take_slot)


def _take_slot() -> int:
    """Return this process's number: a dead one's if there is any, so that counts go on and files do not pile up."""
    if _Shared.owner != os.getpid():
        assert _Shared.folder is not None  # noqa: S101 - share_metrics has set it
        slots = ((slot, _lock_slot(_Shared.folder, slot)) for slot in itertools.count())
        _Shared.slot, _Shared.lock = next((slot, lock) for slot, lock in slots if lock is not None)
        _Shared.owner = os.getpid()
        mark_process_dead(_Shared.slot, str(_Shared.folder))
        _reserve_room(_Shared.folder, _Shared.slot)
    return _Shared.slot


def _reserve_room(folder: Path, slot: int) -> None:
    """Take the disk for the counts before it is full: writing to mapped memory that has none kills the process."""
    for kind in ("counter", "histogram", "gauge_livesum"):
        with (folder / f"{kind}_{slot}.db").open("ab") as file:
            file.write(bytes(max(0, ROOM_BYTES - file.tell())))


def _lock_slot(folder: Path, slot: int) -> int | None:
    """Return the open lock of a slot, which the system frees when its process ends; None while that lives."""
    lock = os.open(folder / f"{slot}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def render_metrics(more: Collector) -> bytes:
    """Return all that was counted on this machine, and `more`, in Prometheus's text format."""
    shown = _registry()
    if _Shared.folder is not None:
        shown = CollectorRegistry()
        _forget_the_dead(_Shared.folder)
        MultiProcessCollector(shown, str(_Shared.folder))
    extra = CollectorRegistry()
    extra.register(more)
    return generate_latest(shown) + generate_latest(extra)


def _forget_the_dead(folder: Path) -> None:
    """Drop the gauges of processes that have ended: they hold no connections."""
    for path in folder.glob("*.lock"):
        if (lock := _lock_slot(folder, int(path.stem))) is not None:
            mark_process_dead(path.stem, str(folder))
            os.close(lock)


def counts_bookings(
    outcome: Callable[[Any], str],
) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """Count how the decorated function ends: as `outcome` says of its result, or by the code of its refusal."""

    def decorate(work: Callable[Given, Result]) -> Callable[Given, Result]:
        @functools.wraps(work)
        def counted(*args: Given.args, **kwargs: Given.kwargs) -> Result:
            try:
                result = work(*args, **kwargs)
            except Exception as error:
                code = getattr(error, "code", None)
                metrics().bookings.labels(code if isinstance(code, str) else "failed").inc()
                raise
            metrics().bookings.labels(outcome(result)).inc()
            return result

        return counted

    return decorate
