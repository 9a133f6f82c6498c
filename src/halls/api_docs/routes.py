"""What HTTP sees of the documentation: the document itself, and a page whose every part comes from this server."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from flask import Blueprint, Response, current_app, request

from halls.accounts.authentication import Access
from halls.api_docs.document import make_document
from halls.errors import NotFound
from halls.http.endpoint import endpoint

blueprint = Blueprint("api_docs", __name__)
OWN, SWAGGER_UI = "halls.api_docs", "flask_swagger_ui"
HTML, CSS, JS, PNG, JSON = "text/html", "text/css", "text/javascript", "image/png", "application/json"
ASSETS = {
    "swagger-ui.css": (SWAGGER_UI, CSS),
    "swagger-ui-bundle.js": (SWAGGER_UI, JS),
    "favicon-32x32.png": (SWAGGER_UI, PNG),
    "page.css": (OWN, CSS),
    "page.js": (OWN, JS),
}
# Nothing from elsewhere and nothing inline, but for the styles and pictures that Swagger UI writes into its elements.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
MAX_AGE_SECONDS = 300


@endpoint(blueprint, "GET /openapi.json", access=Access.PUBLIC, response=None, file_types=[JSON])
def get_openapi_document() -> Response:
    """Return this document: the API in OpenAPI 3.1."""
    kept = current_app.extensions
    if "halls_openapi" not in kept:
        kept["halls_openapi"] = current_app.json.dumps(make_document(current_app))
    return _cached(kept["halls_openapi"].encode(), JSON)


@endpoint(blueprint, "GET /docs", access=Access.PUBLIC, response=None, file_types=[HTML])
def show_docs() -> Response:
    """Show a page to read about each route and to try it."""
    response = _cached(_read(OWN, "page.html"), HTML)
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
    """Return a part of the page: a script, a style or a picture."""
    if asset not in ASSETS:
        raise NotFound
    package, kind = ASSETS[asset]
    return _cached(_read(package, asset), kind)


@cache
def _read(package: str, name: str) -> bytes:
    folder = files(package)
    return (folder / "dist" / name if package == SWAGGER_UI else folder / name).read_bytes()


def _cached(content: bytes, kind: str) -> Response:
    """Return what a client may keep for some minutes, and then asks for only if it has changed."""
    response = Response(content, mimetype=kind)
    response.cache_control.public = True
    response.cache_control.max_age = MAX_AGE_SECONDS
    response.add_etag()
    response.make_conditional(request)
    return response
