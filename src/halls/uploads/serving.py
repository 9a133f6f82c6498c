"""Serves a file of the own store to everybody: its type by its key, whole or in ranges, cached for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import send_file
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from halls.errors import NotFound
from halls.uploads.media import type_of

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Response

YEAR_SECONDS = 31_536_000


def send_stored(path: Path) -> Response:
    """Return the response with the file, or with the range of it that is asked for. Raises NotFound."""
    try:
        response = _send(path, conditional=True)
    except RequestedRangeNotSatisfiable:
        # A server may ignore a range (RFC 9110, 14.2): the whole file is a better answer than none.
        response = _send(path, conditional=False)
    except FileNotFoundError:
        raise NotFound from None
    response.cache_control.immutable = True
    return response


def _send(path: Path, *, conditional: bool) -> Response:
    # The name is the tag: a file never changes, but the sweep touches it.
    return send_file(
        path.absolute(), mimetype=type_of(path.name), conditional=conditional, etag=path.stem, max_age=YEAR_SECONDS
    )
