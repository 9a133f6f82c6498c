"""The application: its routes, collections, invariants, outbox handlers, periodic tasks, and their assembly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from halls.accounts import block_routes as account_block_routes
from halls.accounts import block_store as account_blocks
from halls.accounts import clearing, deletion_store
from halls.accounts import email_routes as account_email_routes
from halls.accounts import invariants as accounts_invariants
from halls.accounts import link_store as account_links
from halls.accounts import routes as accounts_routes
from halls.accounts import store as accounts_store
from halls.accounts.emails import (
    PASSWORD_CHANGED,
    PASSWORD_RESET,
    VERIFY_EMAIL,
    render_password_changed,
    render_password_reset,
    render_verification,
)
from halls.accounts.google import GoogleVerifier
from halls.accounts.passwords import read_blocklist
from halls.accounts.security_log import SecurityLog
from halls.api_docs import routes as api_docs_routes
from halls.bookings import event_store, holds
from halls.bookings import invariants as bookings_invariants
from halls.bookings import routes as bookings_routes
from halls.bookings import store as bookings_store
from halls.bookings.emails import RENDERERS
from halls.bookings.notifications import queue_notifications
from halls.bookings.reminders import queue_reminders
from halls.context import AppContext
from halls.feeds import invariants as feeds_invariants
from halls.feeds import routes as feeds_routes
from halls.feeds import store as feeds_store
from halls.http import health, idempotency, rate_limits
from halls.http.cors import allow_origins
from halls.http.endpoint import PathPart
from halls.http.responses import register_response_handlers
from halls.http.step_limits import StepLimiter, StepLimiters
from halls.mail.handler import email_handler
from halls.mongo.circuit_breaker import CircuitBreaker
from halls.mongo.client import connect
from halls.mongo.failover import FailoverMonitor
from halls.mongo.outage_log import outage_log
from halls.outbox import store as outbox_store
from halls.outbox.worker import handle_due_entries
from halls.search import index as search_index
from halls.search import invariants as search_invariants
from halls.search import routes as search_routes
from halls.search.change_stream import check_index, follow_changes
from halls.search.position import SearchReadiness
from halls.server.tasks import PeriodicTask
from halls.statistics import routes as statistics_routes
from halls.uploads import routes as uploads_routes
from halls.uploads import store as uploads_store
from halls.uploads.cleanup import PERIOD_SECONDS, run_cleanup
from halls.venues import event_store as venue_events
from halls.venues import invariants as venues_invariants
from halls.venues import routes as venues_routes
from halls.venues import store as venues_store
from halls.web import routes as web_routes
from halls.webhooks import delivery_store
from halls.webhooks import invariants as webhooks_invariants
from halls.webhooks import routes as webhooks_routes
from halls.webhooks import store as webhooks_store
from halls.webhooks.dispatch import dispatch_events
from halls.webhooks.emails import render_webhook_disabled
from halls.webhooks.sender import WEBHOOK_DISABLED, send_due_deliveries

if TYPE_CHECKING:
    from halls.config import Config
    from halls.outbox.entry import Handlers

BLUEPRINTS = (
    health.blueprint,
    accounts_routes.blueprint,
    account_email_routes.blueprint,
    account_block_routes.blueprint,
    search_routes.blueprint,
    venues_routes.blueprint,
    bookings_routes.blueprint,
    statistics_routes.blueprint,
    feeds_routes.blueprint,
    webhooks_routes.blueprint,
    uploads_routes.blueprint,
    api_docs_routes.blueprint,
)
COLLECTIONS = (
    accounts_store.COLLECTION,
    account_links.RESETS_COLLECTION,
    account_links.LINKS_COLLECTION,
    account_blocks.COLLECTION,
    deletion_store.COLLECTION,
    venues_store.COLLECTION,
    venue_events.COLLECTION,
    bookings_store.COLLECTION,
    event_store.COLLECTION,
    feeds_store.COLLECTION,
    webhooks_store.COLLECTION,
    delivery_store.COLLECTION,
    uploads_store.COLLECTION,
    search_index.COLLECTION,
    idempotency.COLLECTION,
    outbox_store.COLLECTION,
    rate_limits.COLLECTION,
)
INVARIANTS = (
    *accounts_invariants.INVARIANTS,
    *venues_invariants.INVARIANTS,
    *bookings_invariants.INVARIANTS,
    *feeds_invariants.INVARIANTS,
    *webhooks_invariants.INVARIANTS,
    *search_invariants.INVARIANTS,
)
OUTBOX_HANDLERS: Handlers = {
    PASSWORD_RESET: email_handler(render_password_reset),
    **{kind: email_handler(render) for kind, render in RENDERERS.items()},
    PASSWORD_CHANGED: email_handler(render_password_changed),
    VERIFY_EMAIL: email_handler(render_verification),
    WEBHOOK_DISABLED: email_handler(render_webhook_disabled),
}
TASKS = (
    PeriodicTask("outbox", 0.5, lambda db, config, stop: handle_due_entries(db, config, stop, OUTBOX_HANDLERS)),
    PeriodicTask("notifications", 0.5, queue_notifications),
    PeriodicTask(webhooks_invariants.DISPATCH_TASK, 0.5, dispatch_events),
    PeriodicTask("webhooks", 0.5, send_due_deliveries),
    PeriodicTask("reminders", 300, queue_reminders),
    PeriodicTask(holds.TASK, holds.PERIOD_SECONDS, holds.run_expiry),
    PeriodicTask("account-deletions", clearing.PERIOD_SECONDS, clearing.clear_deleted_accounts),
    PeriodicTask("search-index", 2, follow_changes),
    PeriodicTask("search-index-check", 600, check_index, delay_seconds=600),
    PeriodicTask("upload-cleanup", PERIOD_SECONDS, run_cleanup, delay_seconds=PERIOD_SECONDS),
)


def create_app(config: Config) -> Flask:
    """Return the application. Requests that need the database get 503 until `server.startup` has prepared it."""
    app = Flask(__name__, static_folder=None)
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.url_map.converters["default"] = PathPart
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.trusted_proxies, x_proto=0, x_host=0)  # type: ignore[method-assign] # Flask's own way
    app.extensions["halls"] = _make_context(config)
    register_response_handlers(app)
    allow_origins(app, config.allowed_origins, allows_local_pages=config.halls_env == "development")
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    if config.serves_pages:
        # Not in BLUEPRINTS: the pages are not part of the API that openapi.json describes.
        app.register_blueprint(web_routes.blueprint)
    return app


def _make_context(config: Config) -> AppContext:
    db = connect(config.database_uri, config.slow_command_ms)
    rate_limiter = rate_limits.RateLimiter(config)
    return AppContext(
        config=config,
        db=db,
        security_log=SecurityLog(config),
        rate_limiter=rate_limiter,
        step_limiters=StepLimiters(rate_limiter),
        search_limiter=StepLimiter(rate_limiter, rate_limits.Limit("search", config.search_limit, 60)),
        common_passwords=read_blocklist(config.blocklist),
        google=GoogleVerifier(config.google_client_id, config.google_certs_url),
        search_readiness=SearchReadiness(db),
        circuit_breaker=CircuitBreaker(db, outage_log(config)),
        failover=FailoverMonitor(db),
    )
