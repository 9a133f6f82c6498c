"""Logging on standard error: plain lines on a terminal, otherwise one JSON object per line."""

from __future__ import annotations

import fcntl
import functools
import logging
import os
import sys
import tempfile
import threading
from typing import TYPE_CHECKING, Any, TextIO

import structlog
from gunicorn.glogging import Logger
from rich.console import Console

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger


def configure_logging(level: str) -> None:
    """Write entries of `level` and above. Line breaks are escaped, so a value can't forge an entry."""
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render = _terminal_renderers() if sys.stderr.isatty() else [structlog.processors.JSONRenderer()]
    stream: Any = LineStream(sys.stderr)
    structlog.configure(
        processors=[*processors, *render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    # Libraries log through the standard library's logging; they get the same format.
    handler = logging.StreamHandler(stream)
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        foreign_pre_chain=processors,
    )
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=max(logging.WARNING, logging.getLevelName(level)), force=True)


class LineStream:
    """Writes each line to a stream as a whole, also if several processes and threads write long lines at once.

    Python's own buffer splits a line of more than 8 KiB, and the system splits one that does not fit into a full pipe.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._between_threads = threading.Lock()
        # Opened before the fork of the workers, so that they share it.
        _open_lock()

    def write(self, line: str) -> None:
        """Write one line, with its line break."""
        with self._between_threads:
            fcntl.lockf(_open_lock(), fcntl.LOCK_EX)
            try:
                self._write(line)
            finally:
                fcntl.lockf(_open_lock(), fcntl.LOCK_UN)

    def _write(self, line: str) -> None:
        try:
            descriptor = self._stream.fileno()
        except (OSError, ValueError):  # not a file of the system
            self._stream.write(line)
            return
        rest = line.encode(errors="backslashreplace")
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    def flush(self) -> None:
        """Do nothing: nothing is buffered."""


@functools.cache
def _open_lock() -> int:
    """Return a file without a name, which forked workers inherit. The system releases the lock of a killed worker."""
    return os.memfd_create("log") if hasattr(os, "memfd_create") else os.dup(tempfile.TemporaryFile().fileno())


def _terminal_renderers() -> list[Processor]:
    # plain_traceback, because the default shows the values of local variables.
    plain = structlog.dev.plain_traceback
    # rich reads NO_COLOR.
    colors = not Console(stderr=True).no_color
    return [
        _escape_event,
        structlog.dev.ConsoleRenderer(colors=colors, repr_native_str=True, exception_formatter=plain),
    ]


def _escape_event(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    """Escape control characters in the event, which the renderer does not do. A library may log any text."""
    entry["event"] = repr(str(entry["event"]))[1:-1]
    return entry


class ServerLogger(Logger):
    """Gunicorn's logger without its own handlers, so that its entries have the same format."""

    def setup(self, cfg: object) -> None:
        """Let entries propagate to the root logger."""
        del cfg
        self.error_log.propagate = True
