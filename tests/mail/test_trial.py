"""`halls mail --test` sends an e-mail and says what a real SMTP server responded, never the password."""

from __future__ import annotations

import base64
import json
import smtplib
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from halls.mail import smtp
from halls.mail.trial import Trial, send_test_email
from tests.commands import run_halls
from tests.conftest import make_config
from tests.mail.smtp_server import PASSWORD, USER, make_certificate, mute_server, running_smtp_server
from tests.servers import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

TO = "ayesha@example.com"
LOGIN = {"SMTP_USER": USER, "SMTP_PASS": PASSWORD}


def run_test(port: int, *options: str, **settings: str) -> Result:
    """Run `halls mail --test` with the server at that port of loopback, without a database."""
    own = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_FROM": "Halls <no-reply@halls.example>"}
    return run_halls("mongodb://127.0.0.1:1/halls", "mail", "--test", TO, *options, **{**own, **settings})


def try_email(port: int, **settings: Any) -> Trial:
    """Send a test e-mail to the server at that port of loopback."""
    own = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_from": "Halls <no-reply@halls.example>"}
    return send_test_email(make_config(**{**own, **settings}), TO)


def test_a_server_that_accepts_the_email_is_named_with_its_response() -> None:
    with running_smtp_server() as server:
        result = run_test(server.port, PUBLIC_URL="https://api.halls.example")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"127.0.0.1:{server.port} accepted the e-mail to {TO}: 250 OK\n"
    (delivery,) = server.deliveries
    assert (delivery.sender, delivery.receivers) == ("no-reply@halls.example", [TO])
    assert delivery.message["Subject"] == "Test e-mail of Halls"
    for part in ("plain", "html"):
        assert "This is a test e-mail of https://api.halls.example" in delivery.part(part)


def test_the_result_as_json() -> None:
    with running_smtp_server(login=True) as server:
        accepted = run_test(server.port, "--json", **LOGIN)
        server.recipient_errors = {TO: "550 no such mailbox"}
        rejected = run_test(server.port, "--json", **LOGIN)
    address = f"127.0.0.1:{server.port}"
    assert accepted.exit_code == 0
    assert json.loads(accepted.stdout) == {
        "ok": True,
        "server": address,
        "to": TO,
        "response": "250 OK",
        "error": None,
    }
    assert (rejected.exit_code, rejected.stderr) == (1, "")
    assert json.loads(rejected.stdout) == {
        "ok": False,
        "server": address,
        "to": TO,
        "response": "550 no such mailbox",
        "error": "The server rejected the recipient.",
    }


def test_a_rejected_login_names_the_settings_and_never_the_password() -> None:
    with running_smtp_server(login=True) as server:
        result = run_test(server.port, SMTP_USER=USER, SMTP_PASS="a wrong password")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"Error: 127.0.0.1:{server.port} did not accept the e-mail to {TO}. The server rejected the login. "
        "Check SMTP_USER and SMTP_PASS.\nThe server responded: 535 5.7.8 Authentication credentials invalid\n"
    )
    assert server.deliveries == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [("localhost", "self-signed certificate"), ("another.example", "certificate is not valid for")],
    ids=["untrusted", "of another host"],
)
@pytest.mark.parametrize("implicit_tls", [False, True])
def test_an_invalid_certificate_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str, *, implicit_tls: bool
) -> None:
    monkeypatch.setattr(smtp, "LOOPBACK", frozenset())
    context, trusted = make_certificate(tmp_path, name=name)
    if name != "localhost":
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with running_smtp_server(tls=context, implicit_tls=implicit_tls) as server:
        if implicit_tls:
            monkeypatch.setattr(smtp, "IMPLICIT_TLS_PORT", server.port)
        trial = try_email(server.port)
    assert not trial.ok
    assert trial.error is not None
    assert trial.error.startswith("The certificate is not valid for SMTP_HOST: ")
    assert reason in trial.error
    assert server.deliveries == []


def test_tls_to_a_server_without_tls_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_smtp_server() as server:
        monkeypatch.setattr(smtp, "IMPLICIT_TLS_PORT", server.port)
        trial = try_email(server.port)
    assert trial.error is not None
    assert trial.error.startswith("TLS failed: ")
    assert "SMTP_PORT" in trial.error


def test_a_server_without_starttls_gets_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "LOOPBACK", frozenset())
    with running_smtp_server(login=True) as server:
        trial = try_email(server.port, smtp_user=USER, smtp_pass=PASSWORD)
    assert trial.error is not None
    assert trial.error.startswith("The server offers no STARTTLS")


def test_a_server_without_login_is_explained() -> None:
    with running_smtp_server() as server:
        trial = try_email(server.port, smtp_user=USER, smtp_pass=PASSWORD)
    assert (trial.ok, trial.response) == (False, None)
    assert trial.error == ("SMTP AUTH extension not supported by server. Check SMTP_PORT, SMTP_USER and SMTP_FROM.")


def test_an_unreachable_server_is_explained() -> None:
    port = free_port()
    result = run_test(port)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"Error: 127.0.0.1:{port} did not accept the e-mail to {TO}. The server can't be reached: Connection refused. "
        "Check SMTP_HOST, SMTP_PORT and the firewall.\n"
    )


@pytest.mark.parametrize(
    ("host", "error"),
    [("smtp.nowhere.invalid", "DNS does not know the host. Check SMTP_HOST."), ("smtp..example", "SMTP_HOST")],
)
def test_a_wrong_host_is_explained(host: str, error: str) -> None:
    trial = try_email(25, smtp_host=host)
    assert trial.error is not None
    assert error in trial.error


@pytest.mark.parametrize("greets", [False, True], ids=["before the greeting", "after the greeting"])
def test_a_server_that_hangs_is_explained(monkeypatch: pytest.MonkeyPatch, *, greets: bool) -> None:
    monkeypatch.setattr(smtp, "STEP_SECONDS", 0.2)
    with mute_server(greets=greets) as port:
        trial = try_email(port)
    assert trial.error == "The server did not respond in time. Check SMTP_HOST, SMTP_PORT and the firewall."


def test_a_server_that_rejects_the_connection_is_named_with_its_response() -> None:
    with mute_server(greets=True, greeting=b"554 no service here\r\n") as port:
        trial = try_email(port)
    assert (trial.error, trial.response) == ("The server rejected the connection.", "554 no service here")


@pytest.mark.parametrize("response", ["550 no such mailbox", "450 mailbox busy"])
def test_a_rejected_recipient_is_named_with_the_response(response: str) -> None:
    with running_smtp_server() as server:
        server.recipient_errors = {TO: response}
        result = run_test(server.port)
    assert result.exit_code == 1
    assert result.stderr.endswith(f"The server rejected the recipient.\nThe server responded: {response}\n")


def test_a_rejected_sender_is_named_with_the_response() -> None:
    with running_smtp_server() as server:
        server.sender_error = "553 not your address"
        trial = try_email(server.port)
    assert (trial.ok, trial.response) == (False, "553 not your address")
    assert trial.error == "The server rejected the sender. Check SMTP_FROM, and that it requires a login."


def test_a_rejected_email_is_named_with_the_response() -> None:
    with running_smtp_server() as server:
        server.errors = ["554 spam"]
        trial = try_email(server.port)
    assert (trial.error, trial.response) == ("The server rejected the e-mail.", "554 spam")


def test_a_closed_connection_is_explained() -> None:
    with running_smtp_server() as server:
        server.errors = ["drop"]
        trial = try_email(server.port)
    assert trial.error is not None
    assert trial.error.startswith("The server closed the connection.")


@pytest.mark.parametrize(
    ("raised", "error", "response"),
    [
        (
            smtplib.SMTPResponseException(454, b"TLS not available"),
            "The server sent an error.",
            "454 TLS not available",
        ),
        (smtplib.SMTPException("No suitable method"), "No suitable method. Check SMTP_PORT and SMTP_USER.", None),
        (ssl.SSLError(1, "[SSL] wrong version"), "TLS failed: [SSL] wrong version. Port 465", None),
    ],
    ids=str,
)
def test_other_errors_are_explained(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, error: str, response: str | None
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(smtp, "_start_tls", fail)
    with running_smtp_server() as server:
        trial = try_email(server.port)
    assert trial.response == response
    assert (trial.error or "").startswith(error)


@pytest.mark.parametrize("shown", [PASSWORD, base64.b64encode(PASSWORD.encode()).decode()], ids=["plain", "base64"])
def test_a_password_that_the_server_repeats_is_hidden(shown: str) -> None:
    with running_smtp_server(login=True) as server:
        server.recipient_errors = {TO: f"550 you sent {shown} \x1b[31m"}
        result = run_test(server.port, **LOGIN)
    assert "The server responded: 550 you sent *** [31m\n" in result.stderr
    assert shown not in result.output


def test_without_a_mail_server_nothing_is_sent() -> None:
    result = run_test(25, SMTP_HOST="")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: SMTP_HOST is not set. Set it to your mail server.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--test", "ayesha"],
        ["--test", "a@example.com\nBcc: b@example.com"],
        ["--test", TO, "--requeue"],
        ["--test", TO, "0123456789abcdef01234567"],
        ["0123456789abcdef01234567"],
        ["--test"],
    ],
    ids=str,
)
def test_invalid_arguments_exit_with_2_and_send_nothing(arguments: list[str]) -> None:
    with running_smtp_server() as server:
        settings = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(server.port)}
        result = run_halls("mongodb://127.0.0.1:1/halls", "mail", *arguments, **settings)
    assert (result.exit_code, result.stdout, server.deliveries) == (2, "", [])
