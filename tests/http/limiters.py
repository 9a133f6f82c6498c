"""Applications with rate limits, and their connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from halls.server.startup import make_server_app
from tests.conftest import make_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from halls.http.rate_limits import RateLimiter
    from halls.mongo.client import Db


def run_limited_app(worker_uri: str, db: Db) -> Iterator[Flask]:
    """Yield an application with limits and without counts, for a fixture. Delete its counts at the end."""
    db.rate_limit_counters.delete_many({})
    app = make_server_app(make_config(mongo_uri=worker_uri, rate_limits="on"))
    yield app
    close(app)
    db.rate_limit_counters.delete_many({})


def close(app: Flask) -> None:
    """Close the connections of an application."""
    app.extensions["halls"].db.client.close()
    close_storage(app.extensions["halls"].rate_limiter)


def close_storage(limiter: RateLimiter) -> None:
    """Close the connection of a limiter's storage, if it is open; the library has no public method for that."""
    if (storage := cast("Any", limiter._storage))._storage:  # noqa: SLF001 - see above
        storage.storage.close()
