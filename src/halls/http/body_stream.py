"""Reads the body of a request as a stream, with Content-Length or chunked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.errors import BadJson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Request

# Read timeout. Otherwise a client that stops in the middle of a body occupies a request thread forever.
SILENCE_SECONDS = 30
PIECE_BYTES = 256 * 1024


def read_piece(request: Request, size: int) -> bytes:
    """Return the next `size` bytes of the body, fewer only at its end. Raises BadJson if the body is incomplete."""
    # Werkzeug silently truncates a chunked body at its limit, so a chunked body is read from the server's own stream.
    chunked = request.content_length is None and request.environ.get("wsgi.input_terminated")
    stream = request.environ["wsgi.input"] if chunked else request.stream
    if connection := request.environ.get("gunicorn.socket"):
        connection.settimeout(SILENCE_SECONDS)
    try:
        piece: bytes = stream.read(size)
    except Exception:  # noqa: BLE001 - each server has its own exceptions for a malformed chunk and a lost client
        raise BadJson("The body is incomplete.") from None
    return piece


def read_pieces(request: Request) -> Iterator[bytes]:
    """Yield the body in pieces, without a size limit. Raises BadJson if the body is incomplete."""
    while piece := read_piece(request, PIECE_BYTES):
        yield piece
