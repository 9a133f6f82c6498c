"""A TCP proxy to the tests' mongod that a test can open and close to simulate an outage."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from tests.servers import free_port

BLOCK = 65_536


class Server(socketserver.ThreadingTCPServer):
    """A server that can bind its port although old connections are still in TIME_WAIT."""

    allow_reuse_address = True


class TcpProxy:
    """A TCP proxy. It is closed at first: it rejects connections like a port without a mongod."""

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        assert parts.hostname
        assert parts.port
        self._target = (parts.hostname, parts.port)
        self._open_sockets: list[socket.socket] = []
        self._server: Server | None = None
        self.port = free_port()
        # A direct connection: otherwise the driver would connect to the mongod's real port from the replica set's
        # config.
        user = f"{parts.username}:{parts.password}@" if parts.username else ""
        options = "authSource=local&" if user else ""
        self.uri = f"mongodb://{user}127.0.0.1:{self.port}{parts.path}?{options}directConnection=true"

    def open(self) -> None:
        """Forward connections from now on."""
        target, open_sockets = self._target, self._open_sockets

        class Forwarder(socketserver.BaseRequestHandler):
            """Forwards the bytes of one connection in both directions."""

            def handle(self) -> None:
                """Forward until either side disconnects or the proxy closes."""
                with socket.create_connection(target) as upstream:
                    open_sockets.extend([self.request, upstream])
                    upstream_thread = threading.Thread(target=_forward, args=(upstream, self.request))
                    upstream_thread.start()
                    _forward(self.request, upstream)
                    upstream_thread.join()

        self._server = Server(("127.0.0.1", self.port), Forwarder)
        threading.Thread(target=self._server.serve_forever, args=(0.01,)).start()

    def close(self) -> None:
        """Stop listening and close all open connections."""
        if self._server is None:
            return
        self._server.shutdown()
        for connection in self._open_sockets:
            _shut_down(connection, socket.SHUT_RDWR)
        self._server.server_close()


def _shut_down(connection: socket.socket, how: int) -> None:
    with suppress(OSError):  # the peer has disconnected already
        connection.shutdown(how)


def _forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(BLOCK):
            target.sendall(block)
    _shut_down(target, socket.SHUT_WR)
