"""Logs: one JSON object a line on standard error."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog
from gunicorn.glogging import Logger

if TYPE_CHECKING:
    from structlog.typing import Processor


def configure_logging(level: str) -> None:
    """Write everything of `level` and above as JSON lines; a line break in a value can't start a line of its own."""
    steps: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*steps, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # What libraries say through Python's own logging.
    handler = logging.StreamHandler(sys.stderr)
    render = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
        foreign_pre_chain=steps,
    )
    handler.setFormatter(render)
    logging.basicConfig(handlers=[handler], level=max(logging.WARNING, logging.getLevelName(level)), force=True)


class ServerLogger(Logger):
    """Gunicorn's logger without handlers of its own, so that its lines are ours."""

    def setup(self, cfg: object) -> None:
        """Leave everything to the root logger."""
        del cfg
        self.error_log.propagate = True
