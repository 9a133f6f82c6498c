"""Hands letters to an SMTP server, or in development without one to the log."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import default
from email.utils import formatdate, parseaddr
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.config import Config
    from halls.mail.message import Email

log = structlog.get_logger()
# Each step of the conversation; a server that hangs is left, and the letter tried again.
STEP_SECONDS = 10
TLS_FROM_THE_START = 465
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class UnsafeLogin(smtplib.SMTPException):
    """The server offers no TLS, and a password is never sent in the clear over a network."""


def send_email(config: Config, email: Email, message_id: str) -> None:
    """Send one letter. Raises OSError, of which smtplib's errors are a kind, when the server did not take it."""
    if config.smtp_host is None:
        log.info("e-mail", to=email.to, subject=email.subject, text=email.text)
        return
    message = compose_message(config.smtp_from, email, message_id)
    with _open_server(config, config.smtp_host) as server:
        server.send_message(message, to_addrs=[email.to])


def compose_message(sender: str, email: Email, message_id: str) -> EmailMessage:
    """Return the letter as a message (RFC 5322). Raises ValueError for a line break in a header."""
    # Not every server takes eight bits, and smtplib would not ask.
    message = EmailMessage(default.clone(cte_type="7bit"))
    message["From"] = sender
    message["To"] = email.to
    message["Subject"] = email.subject
    message["Date"] = formatdate()
    # The same for each try, so that mailboxes can tell a second copy.
    message["Message-ID"] = f"<{message_id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(email.text)
    message.add_alternative(email.html, subtype="html")
    return message


@contextmanager
def _open_server(config: Config, host: str) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    if host in LOOPBACK:
        # A mail server of one's own machine has a certificate for its public name, or none that anybody signed.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if config.smtp_port == TLS_FROM_THE_START:
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, config.smtp_port, timeout=STEP_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, config.smtp_port, timeout=STEP_SECONDS)
    try:
        server.ehlo()
        if config.smtp_port != TLS_FROM_THE_START:
            _start_tls(server, context, needed=config.smtp_user is not None and host not in LOOPBACK)
        if config.smtp_user:
            server.login(config.smtp_user, config.smtp_pass or "")
        yield server
    finally:
        # The server has the letter, or it hasn't: how the farewell goes must not make us send it twice.
        with suppress(OSError):
            server.quit()
        server.close()


def _start_tls(server: smtplib.SMTP, context: ssl.SSLContext, *, needed: bool) -> None:
    if server.has_extn("starttls"):
        server.starttls(context=context)
    elif needed:
        raise UnsafeLogin("the server offers no STARTTLS")
