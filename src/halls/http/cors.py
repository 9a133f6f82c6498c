"""CORS (Fetch standard): lets pages of the configured origins call the API from a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from halls.http.origins import LOCAL_PAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

READABLE_HEADERS = (
    "ETag, Idempotent-Replayed, Link, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-ID"
)
PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, PUT, DELETE",
    # Tracing libraries add baggage, sentry-trace, traceparent and tracestate. jQuery adds X-Requested-With.
    "Access-Control-Allow-Headers": "Authorization, baggage, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
    "sentry-trace, traceparent, tracestate, X-Request-ID, X-Requested-With",
    # Seconds.
    "Access-Control-Max-Age": "600",
}


def allow_origins(app: Flask, origins: Sequence[str], *, allows_local_pages: bool) -> None:
    """Allow exactly these `origins`, and the pages of this machine on any port if `allows_local_pages` is set.

    The response names the origin of the request, never `*`.
    """
    if not origins and not allows_local_pages:
        return

    def is_allowed() -> bool:
        origin = request.headers.get("Origin", "")
        return origin in origins or (allows_local_pages and LOCAL_PAGE.fullmatch(origin) is not None)

    def answer_preflight() -> Response | None:
        # Before routing: a page can read a 404 or 405 only if the preflight succeeds.
        is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        return Response() if is_preflight and is_allowed() else None

    def add_headers(response: Response) -> Response:
        # Also for other origins: otherwise a shared cache returns the response for one origin to another.
        response.vary.add("Origin")
        if is_allowed():
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response.headers["Access-Control-Expose-Headers"] = READABLE_HEADERS
            response.headers.update(PREFLIGHT_HEADERS if request.method == "OPTIONS" else {})
        return response

    app.before_request(answer_preflight)
    app.after_request(add_headers)
