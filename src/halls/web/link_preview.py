"""Reads a venue for its link preview, by a request to this application's own API."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import current_app, request
from werkzeug.test import Client

from halls.http.schema import parse_id
from halls.web.shell import TITLE, Preview

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

# The address of the client is passed on, so that its rate limit counts the request.
PASSED_ON = ("REMOTE_ADDR", "wsgi.url_scheme", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "HTTP_X_REQUEST_ID")
MAX_DESCRIPTION = 200


def find_venue_preview(venue_id: str) -> tuple[Preview, int]:
    """Return the preview of a venue and the status of its page: 404 for an unknown venue.

    While the API has another error, such as a missing database, the preview is the general one.
    """
    if parse_id(venue_id) is None:
        return Preview(), HTTPStatus.NOT_FOUND
    response = _get(f"/venues/{venue_id}")
    if response.status_code == HTTPStatus.NOT_FOUND:
        return Preview(), HTTPStatus.NOT_FOUND
    if response.status_code != HTTPStatus.OK or response.json is None:
        return Preview(), HTTPStatus.OK
    return describe_venue(response.json["data"]["venue"]), HTTPStatus.OK


def describe_venue(venue: dict[str, Any]) -> Preview:
    """Return the preview of a venue from its representation in the API."""
    kind, capacity = venue["type"] or "Venue", venue["capacity"]
    size = f"{kind} for up to {capacity:,} guests" if capacity else kind
    facts = ". ".join(text for text in (size, venue["address"], venue.get("additional_description")) if text)
    pictures = [url for url in venue["pictures"] if url.startswith(("https://", "http://"))]
    return Preview(f"{venue['venue_name']} · {TITLE}", cut_description(facts), pictures[0] if pictures else "")


def cut_description(text: str) -> str:
    """Return `text` with at most MAX_DESCRIPTION characters, cut after a word."""
    if len(text) <= MAX_DESCRIPTION:
        return text
    return text[: MAX_DESCRIPTION - 1].rsplit(" ", 1)[0] + "…"


def _get(path: str) -> TestResponse:
    passed_on = {name: request.environ[name] for name in PASSED_ON if name in request.environ}
    return Client(current_app.wsgi_app).get(path, environ_overrides=passed_on)
