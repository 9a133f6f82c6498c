"""Logging: one JSON object per line on standard error."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog
from gunicorn.glogging import Logger

if TYPE_CHECKING:
    from structlog.typing import Processor


def configure_logging(level: str) -> None:
    """Write entries of `level` and above as JSON lines. JSON escapes line breaks, so a value can't forge an entry."""
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*processors, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries log through the standard library's logging; they get the same format.
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
        foreign_pre_chain=processors,
    )
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=max(logging.WARNING, logging.getLevelName(level)), force=True)


class ServerLogger(Logger):
    """Gunicorn's logger without its own handlers, so that its entries have the same format."""

    def setup(self, cfg: object) -> None:
        """Let entries propagate to the root logger."""
        del cfg
        self.error_log.propagate = True
