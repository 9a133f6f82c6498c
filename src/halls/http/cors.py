"""Lets the listed web pages call the API from a browser (Fetch standard, CORS), and no others."""

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
    """Answer the exact `origins` with their own name, never a star or another's."""
    if not origins:
        return

    def add_headers(response: Response) -> Response:
        # Also where nothing is allowed: a cache must not give one page the answer to another.
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
