"""A driver listener that logs and counts slow commands. Values are never logged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from pymongo.monitoring import CommandListener

from halls.metrics import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymongo import monitoring

log = structlog.get_logger()
# These commands are slow on a large collection, and not a fault.
SLOW_BY_NATURE = frozenset({"create", "createIndexes", "collMod"})


class SlowCommands(CommandListener):
    """Logs each command that takes `slow_ms` or more, with its collection and the names of the queried fields."""

    def __init__(self, slow_ms: float) -> None:
        self._slow_ms = slow_ms
        self._running: dict[int, Mapping[str, Any]] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Remember the command until it ends."""
        self._running[event.request_id] = event.command

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Log the command if it was slow."""
        self._log_if_slow(event)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Log the command if it was slow."""
        self._log_if_slow(event)

    def _log_if_slow(self, event: monitoring.CommandSucceededEvent | monitoring.CommandFailedEvent) -> None:
        command = self._running.pop(event.request_id, {})
        ms = event.duration_micros / 1000
        if ms < self._slow_ms or event.command_name in SLOW_BY_NATURE:
            return
        metrics().slow_commands.labels(event.command_name).inc()
        query = command.get("filter") or command.get("query") or {}
        log.warning(
            "slow command",
            command=event.command_name,
            collection=str(command.get("collection") or command.get(event.command_name)),
            fields=sorted(query),
            ms=round(ms, 1),
        )
