"""Tells whether the service is alive, whether it is ready to take bookings, and what was counted."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal

import pymongo
from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4 as TEXT
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from pymongo.errors import PyMongoError

from halls.accounts.authentication import Access
from halls.errors import DatabaseUnavailable, NotFound
from halls.http.endpoint import endpoint
from halls.http.schema import ResponseModel
from halls.metrics import render_metrics
from halls.outbox.store import count_entries

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from prometheus_client import Metric

    from halls.context import AppContext
    from halls.mongo.client import Db

blueprint = Blueprint("health", __name__)
# How long a scrape waits for the database; what was counted is shown without it too.
ASKING_SECONDS = 1.0


class Health(ResponseModel):
    """The service's state."""

    status: Literal["up", "ready"]


@endpoint(blueprint, "GET /health", response=Health, access=Access.PUBLIC)
def get_health() -> dict[str, str]:
    """Alive: touches nothing else."""
    return {"status": "up"}


@endpoint(blueprint, "GET /health/ready", response=Health, access=Access.PUBLIC, errors=[DatabaseUnavailable])
def get_readiness(context: AppContext, db: Db, now: datetime) -> dict[str, str]:
    """Ready: a write reaches a majority of the database's nodes, and search knows all venues."""
    # Only a write tells: a primary that lost its majority, or its disk, still answers reads.
    db["readiness"].update_one({"_id": "probe"}, {"$set": {"at": now}}, upsert=True)
    context.change_stream.wait_for_first_fill()
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
    """Show what was counted, to Prometheus: to this machine itself, or to who has METRICS_TOKEN."""
    if not _may_see_metrics(context.config.metrics_token):
        raise NotFound
    return Response(render_metrics(_Asked(context, now)), content_type=TEXT)


def _may_see_metrics(token: str | None) -> bool:
    if token is not None:
        return hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode())
    # What a proxy on this machine hands on comes from elsewhere.
    forwarded = {"X-Forwarded-For", "Forwarded", "X-Real-IP"} & set(request.headers.keys())
    return not forwarded and ip_address(request.remote_addr or "::").is_loopback


class _Asked(Collector):
    """What is not counted but asked for at each scrape: the outbox, and whether the database answers."""

    def __init__(self, context: AppContext, now: datetime) -> None:
        self._context = context
        self._now = now

    def _ask(self) -> dict[str, tuple[int, datetime | None]] | None:
        if not self._context.is_prepared or self._context.circuit_breaker.is_open:
            return None
        try:
            with pymongo.timeout(ASKING_SECONDS):
                return count_entries(self._context.db)
        except PyMongoError:
            return None

    def collect(self) -> Iterable[Metric]:
        """Return it; of a database that is away only that it is."""
        up = GaugeMetricFamily("halls_database_up", "Whether the database answers this process.")
        emails = GaugeMetricFamily("halls_outbox_letters", "Letters that wait or are dead.", labels=["status"])
        age = GaugeMetricFamily("halls_outbox_oldest_seconds", "Since when the oldest letter waits.")
        found = self._ask()
        up.add_metric([], found is not None)
        for status, (count, queued_at) in (found or {}).items():
            emails.add_metric([status], count)
            if status == "due" and queued_at is not None:
                age.add_metric([], max(0.0, (self._now - queued_at).total_seconds()))
        return [up, emails, age]
