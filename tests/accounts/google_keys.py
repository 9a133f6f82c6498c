"""Google's key server on loopback: own RSA keys in Google's two formats, and id tokens signed with them."""

from __future__ import annotations

import functools
import json
import threading
from base64 import urlsafe_b64encode
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from jwt.algorithms import RSAAlgorithm

from halls.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLIENT = "halls-tests.apps.googleusercontent.com"
ISSUER = "https://accounts.google.com"
KID = "today"


@functools.cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """Return the private key of that name, generated once in this process."""
    assert name
    return rsa.generate_private_key(65537, 2048)


def certificates(*names: str) -> dict[str, Any]:
    """Return the keys as a map of PEM certificates, the format of Google's v1/certs."""
    return {name: _certificate(name) for name in names}


@functools.cache
def _certificate(name: str) -> str:
    key, subject = rsa_key(name), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "federated-signon")])
    valid_from = datetime(2020, 1, 1, tzinfo=timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_from)
        .not_valid_after(valid_from + timedelta(days=36_500))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()


def jwk_set(*names: str) -> dict[str, Any]:
    """Return the keys as a JWK set (RFC 7517), the format of Google's v3/certs."""
    usage = {"use": "sig", "alg": "RS256"}
    return {
        "keys": [
            {**RSAAlgorithm.to_jwk(rsa_key(name).public_key(), as_dict=True), **usage, "kid": name} for name in names
        ]
    }


class KeyServer:
    """A server for the keys. Tests set its behaviour and read the number of requests."""

    def __init__(self) -> None:
        self.document: Any = certificates(KID)
        self.status = 200
        self.cache_control = "public, max-age=3600"
        # Set: respond at once. Clear: hang before the response, or in its body (`hangs_in_body`).
        self.may_respond = threading.Event()
        self.may_respond.set()
        self.hangs_in_body = False
        self.fetches = 0
        self.port = 0
        self.stop: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        """The URL of the keys."""
        return f"http://127.0.0.1:{self.port}/oauth2/v1/certs"

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        """Respond to one request for the keys."""
        self.fetches += 1
        body = json.dumps(self.document).encode() if not isinstance(self.document, bytes) else self.document
        if not self.hangs_in_body:
            self.may_respond.wait()
        request.send_response(self.status)
        request.send_header("Content-Length", str(len(body)))
        request.send_header("Cache-Control", self.cache_control)
        request.end_headers()
        request.wfile.write(body[:10])
        request.wfile.flush()
        self.may_respond.wait()
        request.wfile.write(body[10:])


@contextmanager
def running_key_server() -> Iterator[KeyServer]:
    """Serve keys on loopback until the block ends."""
    keys = KeyServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys.respond(self)

        def log_message(self, *_: Any) -> None:
            """Write no access log."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """Ignore clients that closed the connection."""

    server = Server(("127.0.0.1", 0), Handler)
    keys.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()

    def stop() -> None:
        keys.may_respond.set()
        server.shutdown()
        server.server_close()
        thread.join()

    keys.stop = functools.cache(stop)
    try:
        yield keys
    finally:
        keys.stop()


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a valid id token with `changes`. The value `...` removes a claim."""
    now = int(utc_now().timestamp())
    valid = {
        "iss": ISSUER,
        "aud": CLIENT,
        "azp": CLIENT,
        "sub": "110248495921238986420",
        "email": "Ayesha@Example.com",
        "email_verified": True,
        # Of a Google Workspace domain, so Google is the authority for the address.
        "hd": "example.com",
        "name": "Ayesha Siddiqui",
        "iat": now - 1,
        "exp": now + 3600,
    }
    return {name: value for name, value in {**valid, **changes}.items() if value is not ...}


def id_token(*, kid: str | None = KID, key: str = KID, **changes: Any) -> str:
    """Return an id token with `changes` to its claims, signed with RS256 by the key `key`."""
    return jwt.encode(claims(**changes), rsa_key(key), algorithm="RS256", headers={"kid": kid} if kid else {})


def segment(value: Any) -> str:
    """Return a segment of a token that contains `value`: bytes as they are, any other value as JSON."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
