"""Routes of the web pages and of their assets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from halls.errors import NotFound
from halls.http.endpoint import Access, endpoint
from halls.web.assets import KINDS, list_pages, read_assets
from halls.web.language import VARY, find_language
from halls.web.link_preview import find_venue_preview
from halls.web.shell import Preview, make_headers, render_document

if TYPE_CHECKING:
    from halls.config import Config
    from halls.context import AppContext
    from halls.web.assets import Asset, Assets, Page

blueprint = Blueprint("web", __name__)
HTML = "text/html"
YEAR_SECONDS = 31_536_000
VENUE_PAGE = "/hall/<id>"


def _serve_page(page: Page) -> None:
    """Serve the document of a page at its path. The parts of the path are for the browser."""

    def show_page(context: AppContext) -> Response:
        """Return the HTML document of a page."""
        preview, status = Preview(), 200
        if page.path == VENUE_PAGE and request.view_args is not None:
            preview, status = find_venue_preview(request.view_args["id"])
        text = render_document(context.config, _assets(context.config), page, preview, find_language(request))
        response = Response(text, status, make_headers(context.config), mimetype=HTML)
        response.vary.update(VARY)
        response.add_etag()
        return response.make_conditional(request)  # type: ignore[return-value] # itself

    show_page.__name__ = f"show_page_{page.path}".replace(".", "_")
    endpoint(
        blueprint,
        f"GET {page.path}",
        access=Access.PUBLIC,
        response=None,
        file_types=[HTML],
        ignores_query=True,
    )(show_page)


for _page in list_pages():
    _serve_page(_page)


@endpoint(
    blueprint,
    "GET /assets/<version>/<path:name>",
    access=Access.PUBLIC,
    response=None,
    file_types=sorted(KINDS.values()),
    errors=[NotFound],
    ignores_query=True,
)
def get_web_asset(context: AppContext, version: str, name: str) -> Response:
    """Return a file of the pages. Its path contains a hash of its content, so it never changes."""
    assets = _assets(context.config)
    if version != assets.version or name not in assets.files:
        raise NotFound
    return _make_response(assets.files[name], version)


def _assets(config: Config) -> Assets:
    return read_assets(follows_files=config.halls_env != "production")


def _make_response(asset: Asset, version: str) -> Response:
    is_compressed = asset.compressed is not None and request.accept_encodings.quality("gzip") > 0
    content = asset.compressed if is_compressed else asset.content
    response = Response(content, mimetype=KINDS[asset.suffix])
    if asset.compressed is not None:
        response.vary.add("Accept-Encoding")
    if is_compressed:
        response.content_encoding = "gzip"
    response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    response.set_etag(f"{version}-gzip" if is_compressed else version)
    return response.make_conditional(request)  # type: ignore[return-value] # itself
