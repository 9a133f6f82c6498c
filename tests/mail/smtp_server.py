"""SMTP servers on loopback: aiosmtpd that records deliveries and fails on request, and one that never answers."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
import ssl
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

USER, PASSWORD = "halls", "a password of SMTP"


@dataclass(frozen=True)
class Delivery:
    """One e-mail that the server accepted, and the kind of connection that it came over."""

    sender: str
    receivers: list[str]
    message: EmailMessage
    encrypted: bool
    logged_in: bool

    @property
    def id(self) -> str:
        """The Message-ID, the same for each copy of an e-mail."""
        return str(self.message["Message-ID"])

    def part(self, kind: str) -> str:
        """Return the text of one part: `plain` or `html`."""
        body = self.message.get_body((kind,))
        assert body is not None
        text: str = body.get_content()
        return text.replace("\r\n", "\n")


@dataclass
class SmtpServer:
    """The accepted e-mails, and the errors that the server returns next."""

    port: int = 0
    deliveries: list[Delivery] = field(default_factory=list)
    # Responses to DATA, used up one by one; "drop" closes the connection.
    errors: list[str] = field(default_factory=list)
    # Responses to RCPT TO by address.
    recipient_errors: dict[str, str] = field(default_factory=dict)
    # Response to MAIL FROM, if any.
    sender_error: str | None = None
    # Delay of the response to QUIT.
    quit_seconds: float = 0.0
    tried: int = 0

    def copies(self) -> Counter[str]:
        """Return how often each e-mail arrived, by Message-ID."""
        return Counter(delivery.id for delivery in self.deliveries)

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Respond to MAIL FROM."""
        if self.sender_error is not None:
            return self.sender_error
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Respond to RCPT TO."""
        if address in self.recipient_errors:
            return self.recipient_errors[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, smtp: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Accept the e-mail, or return the next error."""
        self.tried += 1
        if self.errors:
            error = self.errors.pop(0)
            if error != "drop":
                return error
            smtp.transport.abort()
            return "250 not received"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        encrypted, logged_in = session.ssl is not None, bool(session.authenticated)
        self.deliveries.append(Delivery(envelope.mail_from, envelope.rcpt_tos, message, encrypted, logged_in))
        return "250 OK"

    async def handle_QUIT(self, _server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Respond to QUIT after the delay."""
        await asyncio.sleep(self.quit_seconds)
        return "221 Bye"


def _check_login(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
    good = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


@contextmanager
def running_smtp_server(
    *, port: int | None = None, tls: ssl.SSLContext | None = None, implicit_tls: bool = False, login: bool = False
) -> Iterator[SmtpServer]:
    """Run a server until the block ends: plain, with STARTTLS or implicit TLS, with or without login."""
    server = SmtpServer(port or free_port())
    options: dict[str, Any] = {"ssl_context" if implicit_tls else "tls_context": tls} if tls else {}
    if login:
        options |= {"authenticator": _check_login, "auth_require_tls": False}
    controller = Controller(server, hostname="127.0.0.1", port=server.port, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


@contextmanager
def mute_server(*, greets: bool, greeting: bytes = b"220 here\r\n") -> Iterator[int]:
    """Listen on loopback without any response, or with none after the greeting. Yield the port."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                taken.append(connection)
                connection.sendall(greeting)

        thread = threading.Thread(target=greet)
        if greets:
            thread.start()
        yield listener.getsockname()[1]
        # shutdown() ends a thread that waits in accept(); close() does not.
        listener.shutdown(socket.SHUT_RDWR)
        if greets:
            thread.join()
        for connection in taken:
            connection.close()


def make_certificate(folder: Path, *, name: str = "localhost") -> tuple[ssl.SSLContext, Path]:
    """Return a server context with a new self-signed certificate, and the file that clients trust."""
    key = rsa.generate_private_key(65537, 2048)
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    began = datetime(2020, 1, 1, tzinfo=timezone.utc)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "localhost":
        names.append(x509.IPAddress(ip_address("127.0.0.1")))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / "trusted.pem", folder / "private.pem"
    trusted.write_bytes(certificate.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return context, trusted
