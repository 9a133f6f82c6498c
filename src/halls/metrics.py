"""Metrics for Prometheus, counted together by all processes of one machine."""

from __future__ import annotations

import functools
import itertools
import os
import threading
from typing import TYPE_CHECKING, Any, BinaryIO, ParamSpec, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

from halls.files import lock_file, make_private_folder, write_atomically

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
_registry = CollectorRegistry()


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
        self.webhooks = Counter(
            "halls_webhook_attempts", "Attempts to deliver an event to a webhook.", ["outcome"], registry=registry
        )
        self.slow_commands = Counter(
            "halls_slow_commands", "Database commands over SLOW_COMMAND_MS.", ["command"], registry=registry
        )


class _Shared:
    """The folder of the metrics files. Without a folder the process keeps its metrics in memory."""

    folder: Path | None = None


def metrics() -> Metrics:
    """Return the metrics of this process. They are created at the first use, after `share_metrics`."""
    # The first requests arrive at the same time, and a registry raises an error if a name is registered twice.
    with _creation_lock:
        return _make_metrics()


@functools.cache
def _make_metrics() -> Metrics:
    return Metrics(_registry)


def share_metrics(folder: Path) -> None:
    """Keep the metrics in `folder`, together with other processes. Call it before the first use of `metrics`."""
    make_private_folder(folder)
    _Shared.folder = folder
    values.ValueClass = values.MultiProcessValue(lambda: _take_slot(folder, os.getpid())[0])


@functools.cache
def _take_slot(folder: Path, _pid: int) -> tuple[int, BinaryIO]:
    """Return the lowest free slot, and its lock, which the cache holds until the process ends (decision 20).

    The process continues the counters of the process that had the slot before.
    """
    locks = ((slot, lock_file(folder / f"{slot}.lock")) for slot in itertools.count())
    slot, lock = next((slot, lock) for slot, lock in locks if lock is not None)
    for path in (folder / f"counter_{slot}.db", folder / f"histogram_{slot}.db"):
        if not path.exists():
            # Files without holes: with a full disk, a write to a memory-mapped hole kills the process (SIGBUS).
            write_atomically(path, [bytes(ROOM_BYTES)])
    return slot, lock


def render_metrics(extra: Collector) -> bytes:
    """Return the metrics of this machine, and those of `extra`, in Prometheus's text format."""
    registry = _registry
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
