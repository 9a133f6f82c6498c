"""Sends a test e-mail, and describes the response of the mail server to an operator."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bson import ObjectId

from halls.mail.message import render_email
from halls.mail.smtp import UnsafeLogin, send_email
from halls.outbox.entry import PermanentFailure, ServerUnavailable, TemporaryFailure

if TYPE_CHECKING:
    from halls.config import Config

MAX_RESPONSE = 500
NOT_SENT = (OSError, ServerUnavailable, TemporaryFailure, PermanentFailure, ValueError)
# What went wrong and what to do, by error. The first match counts, so subclasses come before their bases.
# smtplib's errors are OSErrors, and errors of TLS, too.
EXPLANATIONS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "DNS does not know the host. Check SMTP_HOST."),
    (ssl.SSLCertVerificationError, "The certificate is not valid for SMTP_HOST: {reason}."),
    (ssl.SSLError, "TLS failed: {reason}. Port 465 uses TLS from the start, other ports STARTTLS. Check SMTP_PORT."),
    (UnsafeLogin, "The server offers no STARTTLS, so Halls does not send the password. Check SMTP_PORT, or use 465."),
    (smtplib.SMTPNotSupportedError, "{reason}. Check SMTP_PORT, SMTP_USER and SMTP_FROM."),
    (smtplib.SMTPAuthenticationError, "The server rejected the login. Check SMTP_USER and SMTP_PASS."),
    (smtplib.SMTPSenderRefused, "The server rejected the sender. Check SMTP_FROM, and that it requires a login."),
    (smtplib.SMTPRecipientsRefused, "The server rejected the recipient."),
    (smtplib.SMTPDataError, "The server rejected the e-mail."),
    (smtplib.SMTPConnectError, "The server rejected the connection."),
    (smtplib.SMTPServerDisconnected, "The server closed the connection. Check SMTP_PORT: 465 expects TLS at once."),
    (smtplib.SMTPResponseException, "The server sent an error."),
    (smtplib.SMTPException, "{reason}. Check SMTP_PORT and SMTP_USER."),
    (TimeoutError, "The server did not respond in time. Check SMTP_HOST, SMTP_PORT and the firewall."),
    (OSError, "The server can't be reached: {reason}. Check SMTP_HOST, SMTP_PORT and the firewall."),
    (ValueError, "{reason}. Check SMTP_HOST and SMTP_FROM."),
)


@dataclass(frozen=True)
class Trial:
    """The result of a test e-mail."""

    ok: bool
    # Host and port. None without SMTP_HOST.
    server: str | None
    to: str
    # Code and text of the server's last response, such as "250 2.0.0 Ok: queued as 4B2A". None if there is none.
    response: str | None
    # What went wrong and what to do. None if the server accepted the e-mail.
    error: str | None


def send_test_email(config: Config, to: str) -> Trial:
    """Send a test e-mail with the settings of the worker. Raises no error of the mail server."""
    if config.smtp_host is None:
        return Trial(
            ok=False, server=None, to=to, response=None, error="SMTP_HOST is not set. Set it to your mail server."
        )
    server = f"{config.smtp_host}:{config.smtp_port}"
    email = render_email("test", to=to, url=config.own_url, operator_email=config.operator_email)
    try:
        response = send_email(config, email, str(ObjectId()))
    except NOT_SENT as error:
        # The errors of the outbox name only the type of the error, which is their cause.
        cause = error.__cause__ or error
        if isinstance(cause.__context__, TimeoutError):
            # smtplib reports it as a closed connection.
            cause = cause.__context__
        return Trial(
            ok=False, server=server, to=to, response=_read_response(config, cause), error=_explain(config, cause)
        )
    return Trial(ok=True, server=server, to=to, response=_clean(config, *(response or ())), error=None)


def _explain(config: Config, cause: BaseException) -> str:
    text = next(text for kind, text in EXPLANATIONS if isinstance(cause, kind))
    reason = (
        getattr(cause, "verify_message", None) or getattr(cause, "reason", None) or getattr(cause, "strerror", None)
    )
    return text.format(reason=_clean(config, str(reason or cause)).rstrip("."))


def _read_response(config: Config, cause: BaseException) -> str | None:
    """Return the server's response in an error of smtplib. None if the error has none."""
    if isinstance(cause, smtplib.SMTPRecipientsRefused):
        (response,) = cause.recipients.values()
        return _clean(config, *response)
    if isinstance(cause, smtplib.SMTPResponseException) and cause.smtp_code > 0:
        return _clean(config, cause.smtp_code, cause.smtp_error)
    return None


def _clean(config: Config, *parts: int | str | bytes) -> str:
    """Return the parts as one printable line without the password, which a server may repeat."""
    texts = [part.decode(errors="replace") if isinstance(part, bytes) else str(part) for part in parts]
    text = " ".join(texts)
    for secret in _forms(config.smtp_user or "", config.smtp_pass):
        text = text.replace(secret, "***")
    printable = (character for character in " ".join(text.split()) if character.isprintable())
    return "".join(printable)[:MAX_RESPONSE]


def _forms(user: str, password: str | None) -> list[str]:
    """Return the password as the login methods of smtplib send it."""
    if not password:
        return []
    encoded = [base64.b64encode(text.encode()).decode() for text in (f"\0{user}\0{password}", password)]
    return [*encoded, password]
