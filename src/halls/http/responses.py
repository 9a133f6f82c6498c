"""Common parts of all responses: JSON envelope, headers, request id, error responses and the request log."""

from __future__ import annotations

import re
import secrets
import time
import traceback
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from flask import Response, g, jsonify, request
from flask.json.provider import JSONProvider
from pymongo.errors import PyMongoError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.exceptions import MethodNotAllowed as MethodNotAllowedException
from werkzeug.exceptions import NotFound as NotFoundException

from halls.errors import ApiError, BadJson, DatabaseUnavailable, InternalError, MethodNotAllowed, NotFound
from halls.http.json_encoding import write_json
from halls.metrics import metrics
from halls.mongo.client import is_unavailable

if TYPE_CHECKING:
    from flask import Flask

log = structlog.get_logger()
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class OrjsonProvider(JSONProvider):
    """Makes Flask encode and decode JSON with orjson."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """Return `obj` as JSON text."""
        return write_json(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Return the decoded value of `s`."""
        return orjson.loads(s)


def register_response_handlers(app: Flask) -> None:
    """Make `app` add headers to every response, turn exceptions into error responses, and log each request once."""
    app.json = OrjsonProvider(app)
    app.before_request(_start_request)
    app.after_request(_finish_response)
    app.register_error_handler(ApiError, _error_response)
    app.register_error_handler(HTTPException, _http_error_response)
    app.register_error_handler(PyMongoError, _driver_error_response)
    app.register_error_handler(Exception, _internal_error_response)
    # Flask's log entries contain exception messages, which may contain personal data.
    app.logger.disabled = True


def _start_request() -> None:
    sent = request.headers.get("X-Request-ID", "")
    g.request_id = sent if REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)
    g.started = time.perf_counter()
    # Gives the request id to log entries of code that does not know the request, such as the database code.
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _finish_response(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    for name, value in g.get("limit_headers", {}).items():
        # A 429 response already has the headers of the limit that was exceeded.
        response.headers.setdefault(name, value)
    # The responses below /auth have tokens and profiles, also those to requests without a token.
    if "Authorization" in request.headers or request.path.startswith("/auth/"):
        response.headers["Cache-Control"] = "no-store"
    _record(response, time.perf_counter() - g.started)
    return response


def _record(response: Response, seconds: float) -> None:
    """Count the request in the metrics and write its log entry."""
    rule = request.url_rule
    route = rule.rule if rule else None
    # Paths and methods that clients invent do not become labels: each label value uses memory until the process ends.
    method = request.method if route else "other"
    metrics().requests.labels(method, route or "none", response.status_code).inc()
    metrics().seconds.labels(route or "none").observe(seconds)
    # The request id is among the context variables.
    log.info(
        "request",
        account_id=g.get("account_id"),
        method=request.method,
        route=route,
        status=response.status_code,
        code=g.get("error_code"),
        ms=round(seconds * 1000, 1),
    )


def _error_response(error: ApiError) -> Response:
    response = jsonify(ok=False, error=str(error), code=error.code, details=list(error.details))
    response.status_code = error.status
    g.error_code = error.code
    response.headers.update(error.response_headers)
    return response


def _http_error_response(error: HTTPException) -> Response:
    if isinstance(error, MethodNotAllowedException):
        return _error_response(MethodNotAllowed(headers={"Allow": ", ".join(sorted(error.valid_methods or ()))}))
    if isinstance(error, InternalServerError):
        # Flask wraps an exception that is raised after the view, where other handlers do not apply.
        return _internal_error_response(error.original_exception or error)
    # The remaining HTTPExceptions are Werkzeug's errors about an incomplete body.
    return _error_response(NotFound() if isinstance(error, NotFoundException) else BadJson())


def _driver_error_response(error: PyMongoError) -> Response:
    if not is_unavailable(error):
        return _internal_error_response(error)
    log.warning("database unavailable", request_id=g.request_id, error=type(error).__name__)
    return _error_response(DatabaseUnavailable())


def _internal_error_response(error: BaseException) -> Response:
    # The exception message is not logged: it may contain personal data. The traceback never does.
    where = traceback.format_tb(error.__traceback__)
    log.error("defect", request_id=g.request_id, error=type(error).__name__, where=where)
    return _error_response(InternalError())
