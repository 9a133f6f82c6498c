"""Serves files of the local storage, whole or in ranges. Clients may cache them for a year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import send_file
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from halls.errors import NotFound
from halls.uploads.media import CACHE_CONTROL, YEAR_SECONDS, type_of

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Response
# Browsers show a picture or video as a page of their own. In it no script runs, and it has no access to other pages.
POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"


def send_stored(path: Path) -> Response:
    """Return a response with the file, or with the range that the request asks for. Raises NotFound."""
    try:
        response = _send(path, conditional=True)
    except RequestedRangeNotSatisfiable:
        # A server may ignore the header Range (RFC 9110, 14.2). The whole file is more useful than an error.
        response = _send(path, conditional=False)
    except FileNotFoundError:
        raise NotFound from None
    response.headers["Cache-Control"] = CACHE_CONTROL
    response.headers["Content-Security-Policy"] = POLICY
    return response


def _send(path: Path, *, conditional: bool) -> Response:
    # The name is the ETag. The default ETag uses the modification time, which the cleanup changes.
    return send_file(
        path.absolute(), mimetype=type_of(path.name), conditional=conditional, etag=path.stem, max_age=YEAR_SECONDS
    )
