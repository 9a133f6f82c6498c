"""The table of contents: what the application is put together from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from halls import health, idempotency
from halls.accounts import routes as accounts_routes
from halls.accounts import store as accounts_store
from halls.accounts.guard import authenticate
from halls.bookings import routes as bookings_routes
from halls.bookings import store as bookings_store
from halls.cors import allow_origins
from halls.listings import routes as listings_routes
from halls.mongo.client import connect
from halls.replies import dress_replies
from halls.search import routes as search_routes
from halls.venues import store as venues_store
from halls.web import Service

if TYPE_CHECKING:
    from halls.config import Config

BLUEPRINTS = (
    health.blueprint,
    accounts_routes.blueprint,
    search_routes.blueprint,
    listings_routes.blueprint,
    bookings_routes.blueprint,
)
COLLECTIONS = (accounts_store.PLAN, venues_store.PLAN, bookings_store.PLAN, idempotency.PLAN)


def create_app(config: Config) -> Flask:
    """Return the application. It answers 503 until its service is prepared (`halls.startup`)."""
    app = Flask(__name__, static_folder=None)
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.extensions["halls"] = Service(config, connect(config.database_uri), authenticate)
    dress_replies(app)
    allow_origins(app, config.allowed_origins)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app
