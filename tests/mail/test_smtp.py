"""Sending one e-mail to real SMTP servers: plain, encrypted, with login, and with errors at every command."""

from __future__ import annotations

import smtplib
import time
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from halls.mail import smtp
from halls.mail.message import Email
from halls.mail.smtp import send_email
from halls.outbox.entry import PermanentFailure, ServerUnavailable, TemporaryFailure
from tests.conftest import make_config
from tests.mail.smtp_server import PASSWORD, USER, make_certificate, mute_server, running_smtp_server
from tests.servers import free_port

if TYPE_CHECKING:
    from pathlib import Path

EMAIL = Email("ayesha@example.com", "Your new password", "Some text: علی", "<p>Some HTML</p>")
ID = "0123456789abcdef01234567"


def send(port: int, email: Email = EMAIL, **settings: Any) -> None:
    """Send an e-mail to the server at that port of loopback."""
    own = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_from": "Halls <no-reply@halls.example>"}
    send_email(make_config(**{**own, **settings}), email, ID)


def test_an_email_arrives_complete_at_a_plain_server() -> None:
    with running_smtp_server() as server:
        send(server.port)
    (delivery,) = server.deliveries
    assert (delivery.sender, delivery.receivers) == ("no-reply@halls.example", ["ayesha@example.com"])
    assert delivery.id == f"<{ID}@halls.example>"
    assert delivery.message["To"] == "ayesha@example.com"
    assert delivery.part("plain").rstrip() == "Some text: علی"
    assert delivery.part("html").rstrip() == "<p>Some HTML</p>"
    assert (delivery.encrypted, delivery.logged_in) == (False, False)


def test_starttls_is_used_if_the_server_offers_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with running_smtp_server(tls=context, login=True) as server:
        send(server.port, smtp_user=USER, smtp_pass=PASSWORD)
        send(server.port, smtp_host="localhost")
    assert [delivery.encrypted for delivery in server.deliveries] == [True, True]
    assert [delivery.logged_in for delivery in server.deliveries] == [True, False]


def test_implicit_tls_is_used_on_its_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with running_smtp_server(tls=context, implicit_tls=True, login=True) as server:
        monkeypatch.setattr(smtp, "IMPLICIT_TLS_PORT", server.port)
        send(server.port, smtp_user=USER, smtp_pass=PASSWORD)
    assert [delivery.logged_in for delivery in server.deliveries] == [True]


@pytest.mark.parametrize("implicit_tls", [False, True])
@pytest.mark.parametrize("name", ["localhost", "another.example"], ids=["untrusted", "of another host"])
def test_a_server_without_a_valid_certificate_gets_no_email(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, implicit_tls: bool
) -> None:
    monkeypatch.setattr(smtp, "LOOPBACK", frozenset())
    context, trusted = make_certificate(tmp_path, name=name)
    if name != "localhost":
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with running_smtp_server(tls=context, implicit_tls=implicit_tls, login=True) as server:
        if implicit_tls:
            monkeypatch.setattr(smtp, "IMPLICIT_TLS_PORT", server.port)
        with pytest.raises(ServerUnavailable, match="SSLCertVerificationError"):
            send(server.port, smtp_user=USER, smtp_pass=PASSWORD)
    assert server.deliveries == []


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("wrong", PASSWORD)])
def test_a_rejected_login_counts_as_an_unavailable_server(user: str, password: str) -> None:
    with running_smtp_server(login=True) as server:
        with pytest.raises(ServerUnavailable, match="SMTPAuthenticationError"):
            send(server.port, smtp_user=user, smtp_pass=password)
        assert server.deliveries == []


def test_on_loopback_a_login_needs_no_encryption() -> None:
    with running_smtp_server(login=True) as server:
        send(server.port, smtp_user=USER, smtp_pass=PASSWORD)
    assert [(delivery.encrypted, delivery.logged_in) for delivery in server.deliveries] == [(False, True)]


@pytest.mark.parametrize("implicit_tls", [False, True])
def test_on_loopback_any_certificate_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, implicit_tls: bool
) -> None:
    context, _ = make_certificate(tmp_path, name="another.example")
    with running_smtp_server(tls=context, implicit_tls=implicit_tls) as server:
        if implicit_tls:
            monkeypatch.setattr(smtp, "IMPLICIT_TLS_PORT", server.port)
        send(server.port)
    assert len(server.deliveries) == 1


def test_a_password_is_never_sent_in_the_clear_over_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "LOOPBACK", frozenset())
    with running_smtp_server(login=True) as server:
        with pytest.raises(ServerUnavailable, match="UnsafeLogin"):
            send(server.port, smtp_user=USER, smtp_pass=PASSWORD)
        assert server.deliveries == []
        send(server.port)
    assert [delivery.logged_in for delivery in server.deliveries] == [False]


def test_a_server_that_rejects_connections_is_unavailable() -> None:
    with pytest.raises(ServerUnavailable, match="ConnectionRefusedError"):
        send(free_port())


@pytest.mark.parametrize("greets", [False, True], ids=["before the greeting", "after the greeting"])
def test_a_server_that_hangs_is_unavailable_after_the_timeout(monkeypatch: pytest.MonkeyPatch, *, greets: bool) -> None:
    monkeypatch.setattr(smtp, "STEP_SECONDS", 0.2)
    began = time.monotonic()
    with mute_server(greets=greets) as port, pytest.raises(ServerUnavailable, match=r"Timeout|SMTPServerDisconnected"):
        send(port)
    assert time.monotonic() - began < 3


def test_a_server_that_hangs_in_the_tls_handshake_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "STEP_SECONDS", 0.2)
    with mute_server(greets=True) as port:
        monkeypatch.setattr(smtp, "IMPLICIT_TLS_PORT", port)
        with pytest.raises(ServerUnavailable, match=r"Timeout|SSLError"):
            send(port)


@pytest.mark.parametrize("greeting", [b"554 no service here\r\n", b"421 too many connections\r\n"])
def test_an_error_in_the_greeting_counts_as_an_unavailable_server(greeting: bytes) -> None:
    with mute_server(greets=True, greeting=greeting) as port, pytest.raises(ServerUnavailable):
        send(port)


@pytest.mark.parametrize("response", ["550 sender rejected", "451 later", "421 closing"])
def test_an_error_to_mail_from_counts_as_an_unavailable_server(response: str) -> None:
    with running_smtp_server() as server:
        server.sender_error = response
        with pytest.raises(ServerUnavailable, match="SMTPSenderRefused"):
            send(server.port)
    assert server.deliveries == []


@pytest.mark.parametrize("response", ["550 no such mailbox", "554 rejected"])
def test_a_5xx_response_to_the_recipient_is_permanent(response: str) -> None:
    with running_smtp_server() as server:
        server.recipient_errors = {EMAIL.to: response}
        with pytest.raises(PermanentFailure, match="SMTPRecipientsRefused"):
            send(server.port)
    assert server.deliveries == []


@pytest.mark.parametrize("response", ["450 mailbox busy", "451 greylisted", "421 closing"])
def test_a_4xx_response_to_the_recipient_is_temporary(response: str) -> None:
    with running_smtp_server() as server:
        server.recipient_errors = {EMAIL.to: response}
        with pytest.raises(TemporaryFailure, match="SMTPRecipientsRefused"):
            send(server.port)
    assert server.deliveries == []


@pytest.mark.parametrize(
    ("response", "error"),
    [
        ("451 later, please", TemporaryFailure),
        ("452 full", TemporaryFailure),
        ("421 closing", TemporaryFailure),
        ("550 no", smtplib.SMTPException),
        ("554 spam", smtplib.SMTPException),
        ("drop", smtplib.SMTPException),
    ],
)
def test_after_an_error_to_data_the_email_can_be_sent_again(response: str, error: type[Exception]) -> None:
    with running_smtp_server() as server:
        server.errors = [response]
        with pytest.raises(error):
            send(server.port)
        assert server.deliveries == []
        send(server.port)
    assert list(server.copies().values()) == [1]


def test_a_quit_that_hangs_is_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "STEP_SECONDS", 0.3)
    with running_smtp_server() as server:
        server.quit_seconds = 1
        send(server.port)
    assert len(server.deliveries) == 1


def test_a_header_is_never_injected() -> None:
    with running_smtp_server() as server:
        for email in (
            Email("a@example.com\nBcc: mallory@example.com", "s", "t", "h"),
            Email("a@example.com", "s\r\nBcc: mallory@example.com", "t", "h"),
        ):
            with pytest.raises(ValueError, match=r"newline|linefeed|Header values"):
                send(server.port, email)
    assert server.deliveries == []


def test_a_second_address_in_the_first_gets_no_copy() -> None:
    with running_smtp_server() as server:
        send(server.port, Email("a@example.com, mallory@example.com", "s", "t", "h"))
    assert [delivery.receivers for delivery in server.deliveries] == [["a@example.com"]]


def test_without_a_server_the_email_is_written_to_the_log() -> None:
    with structlog.testing.capture_logs() as lines:
        send_email(make_config(), EMAIL, ID)
    (line,) = lines
    assert (line["event"], line["to"], line["text"]) == ("e-mail", EMAIL.to, EMAIL.text)
