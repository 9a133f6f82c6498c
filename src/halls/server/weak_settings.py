"""Warnings at the start about settings that are valid but give up a protection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.config import Config

log = structlog.get_logger()
# What production gives up with a value of a setting, and what to do.
IN_PRODUCTION: tuple[tuple[str, Callable[[Config], bool], str], ...] = (
    (
        "RATE_LIMITS",
        lambda config: config.rate_limits == "off",
        "Nothing limits guesses of passwords. Set it to on.",
    ),
    (
        "TRUSTED_PROXIES",
        lambda config: config.trusted_proxies == 0,
        "All clients behind a proxy share one rate limit. Set it to the number of your proxies.",
    ),
)
DEMO_ADVICE = "Other machines can log in to the demonstration accounts, whose password is public. Set it to 127.0.0.1."


def warn_of_weak_settings(config: Config, *, demo: bool) -> None:
    """Log a warning for each setting that gives up a protection. `demo`: the server has demonstration accounts."""
    if config.halls_env == "production":
        for name, is_weak, advice in IN_PRODUCTION:
            if is_weak(config):
                log.warning("weak setting", name=name, advice=advice)
    if demo and not config.is_local:
        log.warning("weak setting", name="HOST", advice=DEMO_ADVICE)
