"""Tests of reading bodies off the wire."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from flask import request

from halls.errors import BadJson
from halls.http.body_stream import SILENCE_SECONDS, read_piece, read_pieces

if TYPE_CHECKING:
    from flask import Flask


def test_a_body_comes_in_pieces(app: Flask) -> None:
    with app.test_request_context(method="PUT", data=b"x" * 600_000):
        assert [len(piece) for piece in read_pieces(request)] == [262_144, 262_144, 75_712]


def test_a_body_that_breaks_off_is_refused(app: Flask) -> None:
    with app.test_request_context(method="PUT", data=b"abc", environ_overrides={"CONTENT_LENGTH": "5"}):
        assert read_piece(request, 3) == b"abc"
        with pytest.raises(BadJson):
            read_piece(request, 3)


def test_a_client_that_falls_silent_does_not_keep_a_thread_for_ever(app: Flask) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, app.test_request_context(data=b"abc", environ_overrides={"gunicorn.socket": ours}):
        assert read_piece(request, 3) == b"abc"
        assert ours.gettimeout() == SILENCE_SECONDS
