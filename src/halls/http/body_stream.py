"""Reads a request's body off the wire, whether or not its length is stated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.errors import BadJson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Request

# A client that falls silent in the middle of a body must not keep one of the few threads for ever.
SILENCE_SECONDS = 30
PIECE_BYTES = 256 * 1024


def read_piece(request: Request, size: int) -> bytes:
    """Return the next `size` bytes of the body, fewer only at its end. Raises BadJson when it breaks off."""
    # Without a stated length (chunked) Werkzeug would cut the body at its limit in silence: read the wire's own end.
    chunked = request.content_length is None and request.environ.get("wsgi.input_terminated")
    stream = request.environ["wsgi.input"] if chunked else request.stream
    if socket := request.environ.get("gunicorn.socket"):
        socket.settimeout(SILENCE_SECONDS)
    try:
        piece: bytes = stream.read(size)
    except Exception:  # noqa: BLE001 - each server has its own for a bad chunk size, or a client that went away
        raise BadJson("The body breaks off before its end.") from None
    return piece


def read_pieces(request: Request) -> Iterator[bytes]:
    """Yield the body in pieces, however large it is. Raises BadJson when it breaks off."""
    while piece := read_piece(request, PIECE_BYTES):
        yield piece
