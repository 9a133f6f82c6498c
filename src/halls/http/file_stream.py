"""Sends a file in pieces: an error before the first piece is an error response, a later one closes the connection."""

from __future__ import annotations

import errno
from itertools import chain
from typing import TYPE_CHECKING

import pymongo
import structlog
from flask import Response

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

log = structlog.get_logger()
# For the database operations of one piece. The deadline of the request, within which a client gets a 503, covers only
# the first one.
PIECE_SECONDS = 10.0


def stream_file(pieces: Generator[bytes, None, None], *, content_type: str, file_name: str) -> Response:
    """Return a response with the file. Raises the errors of the first piece."""
    first = next(pieces)
    response = Response(chain([first], _continue(pieces)), content_type=content_type)
    response.headers.set("Content-Disposition", "attachment", filename=file_name)
    # Also after a client has closed the connection.
    response.call_on_close(pieces.close)
    return response


def _continue(pieces: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        try:
            with pymongo.timeout(PIECE_SECONDS):
                piece = next(pieces, None)
        except Exception as error:  # noqa: BLE001 - any error: the file is not complete
            log.error("file not sent completely", error=type(error).__name__)  # noqa: TRY400 - may be personal data
            # The server then closes the connection without the end of the body, so the client sees that the file is not
            # complete. Gunicorn does not log this error.
            raise ConnectionResetError(errno.ECONNRESET, "file not sent completely") from None
        if piece is None:
            return
        yield piece
