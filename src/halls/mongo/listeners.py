"""Watches what the driver does: slow commands go to the log, connections to the metrics. Values never do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from pymongo.monitoring import CommandListener, ConnectionPoolListener

from halls.metrics import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymongo import monitoring

log = structlog.get_logger()
# Building takes as long as it takes.
AT_LEISURE = frozenset({"create", "createIndexes", "collMod"})


class SlowCommands(CommandListener):
    """Logs each command that takes longer than it should, by its collection and the fields it asks about."""

    def __init__(self, slow_ms: float) -> None:
        self._slow_ms = slow_ms
        self._running: dict[int, Mapping[str, Any]] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Remember what begins."""
        self._running[event.request_id] = event.command

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Look at how long it took."""
        self._look_at(event)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Look at how long it took."""
        self._look_at(event)

    def _look_at(self, event: monitoring.CommandSucceededEvent | monitoring.CommandFailedEvent) -> None:
        command = self._running.pop(event.request_id, {})
        ms = event.duration_micros / 1000
        if ms < self._slow_ms or event.command_name in AT_LEISURE:
            return
        metrics().slow_commands.labels(event.command_name).inc()
        asked = command.get("filter") or command.get("query") or {}
        log.warning(
            "slow command",
            command=event.command_name,
            collection=str(command.get("collection") or command.get(event.command_name)),
            fields=sorted(asked),
            ms=round(ms, 1),
        )


class CountedConnections(ConnectionPoolListener):
    """Counts connections, those that are open and those in use."""

    def connection_created(self, event: monitoring.ConnectionCreatedEvent) -> None:
        """Count one more."""
        del event
        metrics().connections.labels("open").inc()

    def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None:
        """Count one less."""
        del event
        metrics().connections.labels("open").dec()

    def connection_checked_out(self, event: monitoring.ConnectionCheckedOutEvent) -> None:
        """Count one more in use."""
        del event
        metrics().connections.labels("in_use").inc()

    def connection_checked_in(self, event: monitoring.ConnectionCheckedInEvent) -> None:
        """Count one less in use."""
        del event
        metrics().connections.labels("in_use").dec()

    def pool_created(self, event: monitoring.PoolCreatedEvent) -> None:
        """Let it pass, as what follows."""

    def pool_ready(self, event: monitoring.PoolReadyEvent) -> None:
        """Let it pass."""

    def pool_cleared(self, event: monitoring.PoolClearedEvent) -> None:
        """Let it pass."""

    def pool_closed(self, event: monitoring.PoolClosedEvent) -> None:
        """Let it pass."""

    def connection_ready(self, event: monitoring.ConnectionReadyEvent) -> None:
        """Let it pass."""

    def connection_check_out_started(self, event: monitoring.ConnectionCheckOutStartedEvent) -> None:
        """Let it pass."""

    def connection_check_out_failed(self, event: monitoring.ConnectionCheckOutFailedEvent) -> None:
        """Let it pass."""
