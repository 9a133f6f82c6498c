"""Health checks and metrics: GET /health, /health/ready and /metrics."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Literal

import pymongo
from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4 as TEXT
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from pymongo.errors import PyMongoError

from halls.accounts.authentication import Access, find_bearer_token
from halls.accounts.deletion_store import count_deletions
from halls.bookings.store import count_expired
from halls.errors import DatabaseUnavailable, NotFound, SearchNotReady
from halls.http.endpoint import endpoint
from halls.http.schema import ResponseModel
from halls.metrics import render_metrics
from halls.mongo.heartbeats import list_heartbeats
from halls.outbox.entry import STATES
from halls.outbox.store import count_entries
from halls.webhooks.delivery_store import count_pending_deliveries

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from prometheus_client import Metric

    from halls.context import AppContext
    from halls.mongo.client import Db
    from halls.outbox.store import OutboxCounts
    from halls.webhooks.delivery_store import DeliveryCounts

blueprint = Blueprint("health", __name__)
# How long a scrape waits for the database. Without it the other metrics are still shown.
SCRAPE_SECONDS = 1.0
# A worker expires holds within seconds.
OVERDUE = timedelta(minutes=1)


class Health(ResponseModel):
    """The service's state."""

    status: Literal["up", "ready"]


@endpoint(blueprint, "GET /health", response=Health, access=Access.PUBLIC)
def get_health() -> dict[str, str]:
    """Return that the process is up. Reads nothing."""
    return {"status": "up"}


@endpoint(
    blueprint, "GET /health/ready", response=Health, access=Access.PUBLIC, errors=[DatabaseUnavailable, SearchNotReady]
)
def get_readiness(context: AppContext, db: Db, now: datetime) -> dict[str, str]:
    """Return ready if a write reaches a majority of the database nodes and the search index is filled."""
    # A write, because a primary that has lost its majority or its disk still answers reads.
    db["readiness"].update_one({"_id": "probe"}, {"$set": {"at": now}}, upsert=True)
    context.search_readiness.require_filled()
    return {"status": "ready"}


@endpoint(
    blueprint,
    "GET /metrics",
    response=None,
    access=Access.PUBLIC,
    file_types=["text/plain"],
    is_fleeting=True,
    errors=[NotFound],
)
def show_metrics(context: AppContext, now: datetime) -> Response:
    """Metrics for Prometheus: from this machine only, or with METRICS_TOKEN as bearer token."""
    if not _may_see_metrics(context.config.metrics_token):
        raise NotFound
    return Response(render_metrics(_DatabaseGauges(context, now)), content_type=TEXT)


def _may_see_metrics(token: str | None) -> bool:
    if token is not None:
        sent = find_bearer_token(request.headers.get("Authorization", ""))
        return sent is not None and hmac.compare_digest(sent.encode(), token.encode())
    # A request that a proxy on this machine forwards comes from another machine.
    forwarded = {"X-Forwarded-For", "Forwarded", "X-Real-IP"} & set(request.headers.keys())
    address = ip_address(request.remote_addr or "::")
    # A server that listens on IPv6 sees IPv4 clients as mapped addresses.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return not forwarded and (mapped or address).is_loopback


@dataclass(frozen=True)
class _Readings:
    """What one scrape reads from the database."""

    outbox: OutboxCounts
    heartbeats: dict[str, datetime]
    lag_seconds: float | None
    overdue_holds: int
    deliveries: DeliveryCounts
    deletions: int


class _DatabaseGauges(Collector):
    """Gauges of the database that are read at each scrape: its availability, outbox, background tasks, search index."""

    def __init__(self, context: AppContext, now: datetime) -> None:
        self._context = context
        self._now = now

    def _read(self) -> _Readings | None:
        if not self._context.is_prepared or self._context.circuit_breaker.is_open:
            return None
        try:
            with pymongo.timeout(SCRAPE_SECONDS):
                db = self._context.db
                return _Readings(
                    count_entries(db, self._now),
                    list_heartbeats(db),
                    self._context.search_readiness.find_lag_seconds(self._now),
                    count_expired(db, self._now - OVERDUE),
                    count_pending_deliveries(db),
                    count_deletions(db),
                )
        except PyMongoError:
            return None

    def collect(self) -> Iterable[Metric]:
        """Return the gauges. While the database is away only `halls_database_up` has a value."""
        up = GaugeMetricFamily("halls_database_up", "Whether the database answers this process.")
        entries = GaugeMetricFamily("halls_outbox_entries", "Outbox entries by state.", labels=["status"])
        age = GaugeMetricFamily("halls_outbox_oldest_seconds", "Time since the oldest due outbox entry was due.")
        heartbeat = GaugeMetricFamily(
            "halls_task_heartbeat_age_seconds", "Time since a background task last worked.", labels=["task"]
        )
        lag = GaugeMetricFamily("halls_search_index_lag_seconds", "Age of the writes that search may lack.")
        deletions = GaugeMetricFamily("halls_account_deletions", "Deleted accounts that are not cleared yet.")
        holds = GaugeMetricFamily("halls_overdue_holds", "Pending bookings that should have expired a minute ago.")
        found = self._read()
        up.add_metric([], found is not None)
        if found is not None:
            for state in STATES:
                entries.add_metric([state], found.outbox.by_state[state])
            if found.outbox.oldest_due_at is not None:
                age.add_metric([], self._seconds_since(found.outbox.oldest_due_at))
            for task, at in found.heartbeats.items():
                heartbeat.add_metric([task], self._seconds_since(at))
            if found.lag_seconds is not None:
                lag.add_metric([], found.lag_seconds)
            holds.add_metric([], found.overdue_holds)
            deletions.add_metric([], found.deletions)
        return [up, entries, age, heartbeat, lag, holds, deletions, *self._collect_webhooks(found)]

    def _collect_webhooks(self, found: _Readings | None) -> Iterable[Metric]:
        pending = GaugeMetricFamily("halls_webhook_deliveries", "Pending deliveries to webhooks.")
        age = GaugeMetricFamily(
            "halls_webhook_oldest_seconds", "Time since the oldest delivery without an attempt was due."
        )
        if found is not None:
            pending.add_metric([], found.deliveries.pending)
            if found.deliveries.oldest_due_at is not None:
                age.add_metric([], self._seconds_since(found.deliveries.oldest_due_at))
        return [pending, age]

    def _seconds_since(self, moment: datetime) -> float:
        return max(0.0, (self._now - moment).total_seconds())
