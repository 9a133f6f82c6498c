"""A port that leads to the tests' mongod once it is opened: a database that is away, and comes."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from tests.servers import free_port

BLOCK = 65_536


class Server(socketserver.ThreadingTCPServer):
    """Opens again where connections of before have hardly ended."""

    allow_reuse_address = True


class TcpProxy:
    """Closed at first: whoever knocks is refused, as where no mongod runs."""

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        assert parts.hostname
        assert parts.port
        self._there = (parts.hostname, parts.port)
        self._open_sockets: list[socket.socket] = []
        self._server: Server | None = None
        self.port = free_port()
        # Direct, or the driver would follow the set's own word to the mongod's real port.
        self.uri = f"mongodb://127.0.0.1:{self.port}{parts.path}?directConnection=true"

    def open(self) -> None:
        """Let everybody through from now on."""
        there, open_sockets = self._there, self._open_sockets

        class Porter(socketserver.BaseRequestHandler):
            """Carries one connection's bytes both ways."""

            def handle(self) -> None:
                """Carry until either side hangs up, or the gate closes."""
                with socket.create_connection(there) as onward:
                    open_sockets.extend([self.request, onward])
                    back = threading.Thread(target=_carry, args=(onward, self.request))
                    back.start()
                    _carry(self.request, onward)
                    back.join()

        self._server = Server(("127.0.0.1", self.port), Porter)
        threading.Thread(target=self._server.serve_forever, args=(0.01,)).start()

    def close(self) -> None:
        """Close, and cut off whoever is still on the way through."""
        if self._server is None:
            return
        self._server.shutdown()
        for one in self._open_sockets:
            _hang_up(one, socket.SHUT_RDWR)
        self._server.server_close()


def _hang_up(one: socket.socket, how: int) -> None:
    with suppress(OSError):  # it has hung up by itself
        one.shutdown(how)


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(BLOCK):
            target.sendall(block)
    _hang_up(target, socket.SHUT_WR)
