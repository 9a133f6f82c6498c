"""Sends e-mails over SMTP (RFC 5321). Without SMTP_HOST, in development, it writes them to the log."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import default
from email.utils import formatdate, parseaddr
from typing import TYPE_CHECKING, Any

import structlog

from halls.outbox.entry import PermanentFailure, ServerUnavailable, TemporaryFailure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.config import Config
    from halls.mail.message import Email

log = structlog.get_logger()
# Timeout of each SMTP command.
STEP_SECONDS = 10
IMPLICIT_TLS_PORT = 465
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
FIRST_PERMANENT_CODE = 500


class UnsafeLogin(smtplib.SMTPException):
    """The server offers no TLS. A password is not sent in the clear over a network."""


class Connection(smtplib.SMTP):
    """A connection that keeps the server's response to DATA, in which most servers name their id of the e-mail."""

    data_response: tuple[int, bytes] = (0, b"")

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send the message and return the response."""
        self.data_response = super().data(msg)
        return self.data_response


class TlsConnection(Connection, smtplib.SMTP_SSL):
    """The same with TLS from the start."""


def send_email(config: Config, email: Email, message_id: str) -> tuple[int, bytes] | None:
    """Send one e-mail, and return the code and the text of the server's response. None if it was logged instead.

    Raises ServerUnavailable if the server can't be reached or rejects the connection, the login or the sender;
    TemporaryFailure for another 4xx code; PermanentFailure for a 5xx code for the recipient; OSError, the base of
    smtplib's errors, otherwise.
    """
    if config.smtp_host is None:
        log.info("e-mail", to=email.to, subject=email.subject, text=email.text)
        return None
    message = compose_message(config.smtp_from, email, message_id)
    with _open_server(config, config.smtp_host) as server:
        try:
            server.send_message(message, to_addrs=[email.to])
        except smtplib.SMTPSenderRefused as error:
            # MAIL FROM carries our own address: the fault is in the settings or the server, not in this e-mail.
            raise ServerUnavailable(type(error).__name__) from error
        except smtplib.SMTPRecipientsRefused as error:
            ((code, _),) = error.recipients.values()
            if code >= FIRST_PERMANENT_CODE:
                raise PermanentFailure(type(error).__name__) from error
            # Also for 421: one recipient that always gets it must not stop the whole queue.
            raise TemporaryFailure(type(error).__name__) from error
        except smtplib.SMTPResponseException as error:
            if error.smtp_code >= FIRST_PERMANENT_CODE:
                raise
            raise TemporaryFailure(type(error).__name__) from error
        return server.data_response


def compose_message(sender: str, email: Email, message_id: str) -> EmailMessage:
    """Return the e-mail as a message (RFC 5322). Raises ValueError for a line break in a header."""
    # Some servers do not accept 8-bit bodies, and smtplib does not check the 8BITMIME extension.
    message = EmailMessage(default.clone(cte_type="7bit"))
    message["From"] = sender
    message["To"] = email.to
    message["Subject"] = email.subject
    message["Date"] = formatdate()
    # The same at each try, so that mailboxes recognise a second copy.
    domain = parseaddr(sender)[1].rpartition("@")[2]
    message["Message-ID"] = f"<{message_id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    for name, value in _list_optional_headers(email, domain).items():
        message[name] = value
    message.set_content(email.text)
    message.add_alternative(email.html, subtype="html")
    if email.calendar is not None:
        # As bytes: EmailMessage would replace the CRLF that RFC 5545 requires.
        params = {"charset": "utf-8", "method": email.calendar.method}
        message.add_alternative(email.calendar.content, maintype="text", subtype="calendar", params=params)
    return message


def _list_optional_headers(email: Email, domain: str) -> dict[str, str]:
    headers = {}
    if email.reply_to is not None:
        headers["Reply-To"] = email.reply_to
    if email.thread is not None:
        # No e-mail has this id. Mail programs group e-mails by it (RFC 5322 §3.6.4), in whatever order they arrive.
        headers["In-Reply-To"] = headers["References"] = f"<{email.thread}@{domain}>"
    if email.unsubscribe_url is not None:
        headers["List-Unsubscribe"] = f"<{email.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


@contextmanager
def _open_server(config: Config, host: str) -> Iterator[Connection]:
    try:
        server = _connect(config, host)
    except OSError as error:
        raise ServerUnavailable(type(error).__name__) from error
    try:
        yield server
    finally:
        # The e-mail is sent or it is not. An error of QUIT must not cause a second copy.
        with suppress(OSError):
            server.quit()
        server.close()


def _connect(config: Config, host: str) -> Connection:
    """Return a connection after greeting, TLS and login. Raises OSError."""
    context = ssl.create_default_context()
    if host in LOOPBACK:
        # A mail server on this machine has a certificate for its public name, or a self-signed one.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if config.smtp_port == IMPLICIT_TLS_PORT:
        server: Connection = TlsConnection(host, config.smtp_port, timeout=STEP_SECONDS, context=context)
    else:
        server = Connection(host, config.smtp_port, timeout=STEP_SECONDS)
    try:
        server.ehlo_or_helo_if_needed()
        if config.smtp_port != IMPLICIT_TLS_PORT:
            _start_tls(server, context, is_required=config.smtp_user is not None and host not in LOOPBACK)
        if config.smtp_user:
            server.login(config.smtp_user, config.smtp_pass or "")
    except OSError:
        server.close()
        raise
    return server


def _start_tls(server: smtplib.SMTP, context: ssl.SSLContext, *, is_required: bool) -> None:
    if server.has_extn("starttls"):
        server.starttls(context=context)
    elif is_required:
        raise UnsafeLogin("the server offers no STARTTLS")
