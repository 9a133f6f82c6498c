"""Routes of the API reference: the OpenAPI document, and Swagger UI with assets from this server."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, request

from halls.accounts.authentication import Access
from halls.api_docs.document import make_document
from halls.clock import day_in_karachi, utc_now
from halls.errors import NotFound
from halls.http.endpoint import endpoint

if TYPE_CHECKING:
    from halls.context import AppContext

blueprint = Blueprint("api_docs", __name__)
PACKAGE, SWAGGER_UI = "halls.api_docs", "flask_swagger_ui"
HTML, CSS, JS, PNG, JSON = "text/html", "text/css", "text/javascript", "image/png", "application/json"
ASSETS = {
    "swagger-ui.css": (SWAGGER_UI, CSS),
    "swagger-ui-bundle.js": (SWAGGER_UI, JS),
    "favicon-32x32.png": (SWAGGER_UI, PNG),
    "page.css": (PACKAGE, CSS),
    "page.js": (PACKAGE, JS),
}
# Blocks other origins and inline scripts. Swagger UI needs inline styles and data: images.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
MAX_AGE_SECONDS = 300


@endpoint(blueprint, "GET /openapi.json", access=Access.PUBLIC, response=None, file_types=[JSON])
def get_openapi_document(context: AppContext) -> Response:
    """Return the OpenAPI 3.1 document of this API. Its sample dates count from today."""
    today, extensions = day_in_karachi(utc_now()), current_app.extensions
    kept_on, text = extensions.get("halls_openapi", ("", ""))
    if kept_on != today:
        text = current_app.json.dumps(make_document(current_app, today, context.config.base_path))
        extensions["halls_openapi"] = today, text
    return _cached(text.encode(), JSON)


@endpoint(blueprint, "GET /docs", access=Access.PUBLIC, response=None, file_types=[HTML])
def show_docs() -> Response:
    """Show the API reference, where each route can be tried."""
    response = _cached(_read(PACKAGE, "page.html"), HTML)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@endpoint(
    blueprint,
    "GET /docs/<asset>",
    access=Access.PUBLIC,
    response=None,
    file_types=[CSS, JS, PNG],
    errors=[NotFound],
)
def get_docs_asset(asset: str) -> Response:
    """Return a script, style sheet or picture of the API reference."""
    if asset not in ASSETS:
        raise NotFound
    package, kind = ASSETS[asset]
    return _cached(_read(package, asset), kind)


@cache
def _read(package: str, name: str) -> bytes:
    folder = files(package)
    return (folder / "dist" / name if package == SWAGGER_UI else folder / name).read_bytes()


def _cached(content: bytes, kind: str) -> Response:
    """Return a response that clients may cache for MAX_AGE_SECONDS and then revalidate with its ETag."""
    response = Response(content, mimetype=kind)
    response.cache_control.public = True
    response.cache_control.max_age = MAX_AGE_SECONDS
    response.add_etag()
    response.make_conditional(request)
    return response
