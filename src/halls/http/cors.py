"""CORS (Fetch standard): lets pages of the configured origins call the API from a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask, Response

ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-ID"
READABLE_HEADERS = (
    "ETag, Idempotent-Replayed, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-ID"
)
PREFLIGHT_SECONDS = "600"


def allow_origins(app: Flask, origins: Sequence[str]) -> None:
    """Allow exactly these `origins`. The response names the origin of the request, never `*`."""
    if not origins:
        return

    def add_headers(response: Response) -> Response:
        # Also for other origins: otherwise a shared cache returns the response for one origin to another.
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin in origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = READABLE_HEADERS
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Methods"] = "GET, POST, PATCH, PUT, DELETE"
                response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
                response.headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
        return response

    app.after_request(add_headers)
