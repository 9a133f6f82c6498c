"""The table of contents: what the application is put together from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from halls import health, idempotency, limits
from halls.accounts import routes as accounts_routes
from halls.accounts import store as accounts_store
from halls.accounts.google import GoogleVerifier
from halls.accounts.guard import authenticate
from halls.accounts.letters import PASSWORD_RESET, write_password_reset
from halls.accounts.passwords import read_blocklist
from halls.apidocs import routes as apidocs_routes
from halls.bookings import catalog
from halls.bookings import routes as bookings_routes
from halls.bookings import store as bookings_store
from halls.closure import routes as closure_routes
from halls.cors import allow_origins
from halls.listings import routes as listings_routes
from halls.mail import outbox
from halls.mongo.client import connect
from halls.replies import dress_replies
from halls.search import follower
from halls.search import routes as search_routes
from halls.service import Service
from halls.uploads import routes as uploads_routes
from halls.venues import store as venues_store
from halls.web import PathPart

if TYPE_CHECKING:
    from halls.config import Config

BLUEPRINTS = (
    health.blueprint,
    accounts_routes.blueprint,
    search_routes.blueprint,
    listings_routes.blueprint,
    bookings_routes.blueprint,
    closure_routes.blueprint,
    uploads_routes.blueprint,
    apidocs_routes.blueprint,
)
COLLECTIONS = (
    accounts_store.PLAN,
    accounts_store.RESETS_PLAN,
    venues_store.PLAN,
    bookings_store.PLAN,
    catalog.PLAN,
    idempotency.PLAN,
    outbox.PLAN,
    limits.PLAN,
)
WRITERS = {PASSWORD_RESET: write_password_reset}


def create_app(config: Config) -> Flask:
    """Return the application. It answers 503 until its service is prepared (`halls.startup`)."""
    app = Flask(__name__, static_folder=None)
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.url_map.converters["default"] = PathPart
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.trusted_proxies, x_proto=0, x_host=0)  # type: ignore[method-assign] # Flask's own way
    db = connect(config.database_uri, config.slow_command_ms)
    app.extensions["halls"] = Service(
        config,
        db,
        authenticate,
        limits.Limiter(config),
        read_blocklist(config.blocklist),
        GoogleVerifier(config.google_client_id, config.google_certs_url),
        follower.Follower(db),
    )
    dress_replies(app)
    allow_origins(app, config.allowed_origins)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app
