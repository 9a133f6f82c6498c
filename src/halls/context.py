"""AppContext: the settings, the database and the other parts that all requests of an application share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from halls.accounts.google import GoogleVerifier
    from halls.accounts.security_log import SecurityLog
    from halls.config import Config
    from halls.http.rate_limits import RateLimiter
    from halls.http.step_limits import StepLimiter, StepLimiters
    from halls.mongo.circuit_breaker import CircuitBreaker
    from halls.mongo.client import Db
    from halls.mongo.failover import FailoverMonitor
    from halls.search.position import SearchReadiness


@dataclass
class AppContext:
    """The shared parts of one application, stored in `app.extensions["halls"]`."""

    config: Config
    db: Db
    rate_limiter: RateLimiter
    security_log: SecurityLog
    step_limiters: StepLimiters
    # SEARCH_LIMIT: the searches of a network.
    search_limiter: StepLimiter
    common_passwords: frozenset[str]
    google: GoogleVerifier
    search_readiness: SearchReadiness
    circuit_breaker: CircuitBreaker
    failover: FailoverMonitor
    # False until every index is verified. Until then, requests that need the database get a 503.
    is_prepared: bool = False

    @property
    def body_limits(self) -> dict[str, Any]:
        """Limits from the configuration that validators read as their pydantic context."""
        return {**self.config.venue_limits, "common_passwords": self.common_passwords}
