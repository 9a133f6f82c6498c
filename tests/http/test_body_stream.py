"""Reading request bodies in pieces, and the limit on silence."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from flask import request

from halls.errors import BadJson
from halls.http.body_stream import SILENCE_SECONDS, read_piece, read_pieces

if TYPE_CHECKING:
    from flask import Flask


def test_a_body_is_read_in_pieces(app: Flask) -> None:
    with app.test_request_context(method="PUT", data=b"x" * 600_000):
        assert [len(piece) for piece in read_pieces(request)] == [262_144, 262_144, 75_712]


def test_an_incomplete_body_is_rejected(app: Flask) -> None:
    with app.test_request_context(method="PUT", data=b"abc", environ_overrides={"CONTENT_LENGTH": "5"}):
        assert read_piece(request, 3) == b"abc"
        with pytest.raises(BadJson):
            read_piece(request, 3)


def test_reading_a_body_sets_a_socket_timeout(app: Flask) -> None:
    server_socket, client_socket = socket.socketpair()
    with (
        server_socket,
        client_socket,
        app.test_request_context(data=b"abc", environ_overrides={"gunicorn.socket": server_socket}),
    ):
        assert read_piece(request, 3) == b"abc"
        assert server_socket.gettimeout() == SILENCE_SECONDS
