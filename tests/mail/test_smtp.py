"""Sending one letter to real SMTP servers: plain, encrypted, with a login, and in every kind of trouble."""

from __future__ import annotations

import smtplib
import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from halls.mail import smtp
from halls.mail.message import Email
from halls.mail.smtp import UnsafeLogin, send_email
from tests.conftest import make_config
from tests.mail.smtp_server import PASSWORD, USER, make_certificate, mute_server, running_smtp_server
from tests.servers import free_port

if TYPE_CHECKING:
    from pathlib import Path

LETTER = Email("ayesha@example.com", "Your new password", "Some text: علی", "<p>Some HTML</p>")
ID = "0123456789abcdef01234567"


def send(port: int, email: Email = LETTER, **settings: Any) -> None:
    """Send a letter to the server at that port of loopback."""
    own = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_from": "Halls <no-reply@halls.example>"}
    send_email(make_config(**{**own, **settings}), email, ID)


def test_a_letter_arrives_whole_at_a_plain_server() -> None:
    with running_smtp_server() as office:
        send(office.port)
    (delivery,) = office.deliveries
    assert (delivery.sender, delivery.receivers) == ("no-reply@halls.example", ["ayesha@example.com"])
    assert delivery.id == f"<{ID}@halls.example>"
    assert delivery.message["To"] == "ayesha@example.com"
    assert delivery.part("plain").rstrip() == "Some text: علی"
    assert delivery.part("html").rstrip() == "<p>Some HTML</p>"
    assert (delivery.encrypted, delivery.logged_in) == (False, False)


def test_what_the_server_offers_is_encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with running_smtp_server(tls=context, login=True) as office:
        send(office.port, smtp_user=USER, smtp_pass=PASSWORD)
        send(office.port, smtp_host="localhost")
    assert [delivery.encrypted for delivery in office.deliveries] == [True, True]
    assert [delivery.logged_in for delivery in office.deliveries] == [True, False]


def test_a_server_may_be_encrypted_from_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with running_smtp_server(tls=context, from_the_start=True, login=True) as office:
        monkeypatch.setattr(smtp, "TLS_FROM_THE_START", office.port)
        send(office.port, smtp_user=USER, smtp_pass=PASSWORD)
    assert [delivery.logged_in for delivery in office.deliveries] == [True]


@pytest.mark.parametrize("from_the_start", [False, True])
@pytest.mark.parametrize("name", ["localhost", "another.example"], ids=["signed by nobody", "of another server"])
def test_a_certificate_that_proves_nothing_gets_no_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, from_the_start: bool
) -> None:
    monkeypatch.setattr(smtp, "LOOPBACK", frozenset())
    context, trusted = make_certificate(tmp_path, name=name)
    if name != "localhost":
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with running_smtp_server(tls=context, from_the_start=from_the_start, login=True) as office:
        if from_the_start:
            monkeypatch.setattr(smtp, "TLS_FROM_THE_START", office.port)
        with pytest.raises(ssl.SSLCertVerificationError):
            send(office.port, smtp_user=USER, smtp_pass=PASSWORD)
    assert office.deliveries == []


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("wrong", PASSWORD)])
def test_a_wrong_login_sends_nothing(user: str, password: str) -> None:
    with running_smtp_server(login=True) as office:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            send(office.port, smtp_user=user, smtp_pass=password)
        assert office.deliveries == []


def test_on_this_very_machine_a_login_needs_no_encryption() -> None:
    with running_smtp_server(login=True) as office:
        send(office.port, smtp_user=USER, smtp_pass=PASSWORD)
    assert [(delivery.encrypted, delivery.logged_in) for delivery in office.deliveries] == [(False, True)]


@pytest.mark.parametrize("from_the_start", [False, True])
def test_on_this_very_machine_any_certificate_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, from_the_start: bool
) -> None:
    context, _ = make_certificate(tmp_path, name="another.example")
    with running_smtp_server(tls=context, from_the_start=from_the_start) as office:
        if from_the_start:
            monkeypatch.setattr(smtp, "TLS_FROM_THE_START", office.port)
        send(office.port)
    assert len(office.deliveries) == 1


def test_over_a_network_a_password_is_never_sent_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "LOOPBACK", frozenset())
    with running_smtp_server(login=True) as office:
        with pytest.raises(UnsafeLogin):
            send(office.port, smtp_user=USER, smtp_pass=PASSWORD)
        assert office.deliveries == []
        send(office.port)
    assert [delivery.logged_in for delivery in office.deliveries] == [False]


def test_a_server_that_is_not_there_is_an_error_of_the_network() -> None:
    with pytest.raises(ConnectionRefusedError):
        send(free_port())


@pytest.mark.parametrize("greets", [False, True], ids=["before the greeting", "after the greeting"])
def test_a_server_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch, *, greets: bool) -> None:
    monkeypatch.setattr(smtp, "STEP_SECONDS", 0.2)
    began = time.monotonic()
    with mute_server(greets=greets) as port, pytest.raises(OSError, match=r"timed out|unexpectedly closed"):
        send(port)
    assert time.monotonic() - began < 3


def test_a_server_that_hangs_at_the_handshake_of_tls_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "STEP_SECONDS", 0.2)
    with mute_server(greets=True) as port:
        monkeypatch.setattr(smtp, "TLS_FROM_THE_START", port)
        with pytest.raises(OSError, match=r"timed out|WRONG_VERSION_NUMBER|wrong version|record layer"):
            send(port)


@pytest.mark.parametrize("error", ["451 later, please", "452 full", "550 no", "554 spam", "421 closing", "drop"])
def test_a_letter_that_was_not_taken_is_an_error_and_can_be_sent_again(error: str) -> None:
    with running_smtp_server() as office:
        office.errors = [error]
        with pytest.raises(smtplib.SMTPException):
            send(office.port)
        assert office.deliveries == []
        send(office.port)
    assert list(office.copies().values()) == [1]


def test_a_mailbox_that_does_not_exist_is_an_error() -> None:
    with running_smtp_server() as office:
        office.unknown = {LETTER.to}
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(office.port)
    assert office.deliveries == []


def test_a_farewell_that_hangs_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "STEP_SECONDS", 0.3)
    with running_smtp_server() as office:
        office.farewell_seconds = 1
        send(office.port)
    assert len(office.deliveries) == 1


def test_a_header_is_never_injected() -> None:
    with running_smtp_server() as office:
        for email in (
            Email("a@example.com\nBcc: mallory@example.com", "s", "t", "h"),
            Email("a@example.com", "s\r\nBcc: mallory@example.com", "t", "h"),
        ):
            with pytest.raises(ValueError, match=r"newline|linefeed|Header values"):
                send(office.port, email)
    assert office.deliveries == []


def test_a_second_address_in_the_first_gets_no_copy() -> None:
    with running_smtp_server() as office:
        send(office.port, Email("a@example.com, mallory@example.com", "s", "t", "h"))
    assert [delivery.receivers for delivery in office.deliveries] == [["a@example.com"]]


def test_without_a_server_the_letter_is_written_to_the_log() -> None:
    with structlog.testing.capture_logs() as lines:
        send_email(make_config(), LETTER, ID)
    (line,) = lines
    assert (line["event"], line["to"], line["text"]) == ("e-mail", LETTER.to, LETTER.text)
