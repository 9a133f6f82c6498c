"""A file that is sent in pieces: its errors before and after the first piece, and its end."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pymongo
import pytest
from flask import Flask
from pymongo.errors import AutoReconnect

from halls.errors import invalid
from halls.http.file_stream import PIECE_SECONDS, stream_file

if TYPE_CHECKING:
    from collections.abc import Generator

    from flask import Response


class Source:
    """The pieces of a file; one of them may be an error."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces, self.is_closed = pieces, False
        self.deadlines: list[float | None] = []

    def read(self) -> Generator[bytes, None, None]:
        """Yield the pieces, or raise an error in its place."""
        try:
            for piece in self.pieces:
                self.deadlines.append(pymongo._csot.get_timeout())  # noqa: SLF001 - the driver's only reader
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            self.is_closed = True


def send(source: Source) -> Response:
    """Return the response with the file."""
    with Flask(__name__).test_request_context():
        return stream_file(source.read(), content_type="text/csv", file_name="a.csv")


def test_the_response_has_all_pieces() -> None:
    response = send(Source(b"a", b"b", b"c"))
    assert response.get_data() == b"abc"
    assert response.headers["Content-Disposition"] == "attachment; filename=a.csv"


def test_an_error_of_the_first_piece_is_raised_at_once() -> None:
    source = Source(invalid("from", "is wrong"))
    with pytest.raises(type(invalid("from", "is wrong"))):
        send(source)
    assert source.is_closed


@pytest.mark.parametrize("error", [AutoReconnect("gone"), invalid("from", "is wrong"), ValueError("a defect")])
def test_a_later_error_resets_the_connection(error: Exception) -> None:
    source = Source(b"a", error)
    pieces = iter(send(source).response)
    assert next(pieces) == b"a"
    with pytest.raises(ConnectionResetError) as raised:
        next(pieces)
    # Gunicorn closes the connection without a log entry for this number.
    assert raised.value.errno == errno.ECONNRESET
    assert source.is_closed


def test_each_later_piece_has_its_own_deadline() -> None:
    source = Source(b"a", b"b")
    assert send(source).get_data() == b"ab"
    # The endpoint gives the first piece the deadline of the request.
    assert source.deadlines == [None, PIECE_SECONDS]


def test_a_client_that_leaves_ends_the_reading() -> None:
    source = Source(b"a", b"b")
    response = send(source)
    assert not source.is_closed
    response.close()
    assert source.is_closed
