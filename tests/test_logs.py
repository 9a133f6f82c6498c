"""Logs: JSON lines, or plain lines on a terminal, with the request id and without secrets or personal data."""

from __future__ import annotations

import io
import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from halls.logs import ServerLogger, configure_logging
from tests.factories import PASSWORD, day
from tests.loggers import preserved_logging

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.api_client import ApiClient


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    with preserved_logging():
        yield


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the log lines, without those of the search thread, which may still run for the previous test."""
    captured = capsys.readouterr()
    assert captured.out == ""
    logged = [json.loads(line) for line in captured.err.splitlines()]
    return [line for line in logged if line.get("event") != "search index repaired"]


def test_each_request_is_one_log_line(api: ApiClient, capsys: pytest.CaptureFixture[str]) -> None:
    token = api.guest()
    capsys.readouterr()
    configure_logging("INFO")
    api.get("/auth/me?nothing=1", token=token, X_Request_ID="abc-1")
    api.get("/nothing/at/all")
    first, second = lines(capsys)
    assert (first["request_id"], first["method"], first["route"], first["status"]) == ("abc-1", "GET", "/auth/me", 422)
    assert first["account_id"]
    assert first["ms"] >= 0
    assert first["timestamp"].endswith("Z")
    assert (second["route"], second["status"], second["account_id"]) == (None, 404, None)


def test_the_log_line_of_an_error_response_has_its_code(api: ApiClient, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    responses = [
        api.get("/health"),
        api.get("/nothing"),
        api.get("/auth/me"),
        api.get("/venues/search?limit=x"),
        api.post("/auth/login", {"email": "a@example.com", "password": "wrong horse 7"}),
        api.delete("/health"),
        api.get("/venues/7"),
    ]
    logged = [(line["status"], line["code"]) for line in lines(capsys) if line["event"] == "request"]
    assert logged == [(response.status, response.json.get("code")) for response in responses]
    assert [code for _, code in logged] == [
        *(None, "not_found", "missing_token", "validation_error", "bad_credentials", "method_not_allowed", "bad_id")
    ]


def test_no_log_line_contains_secrets_or_personal_data(api: ApiClient, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("DEBUG")
    session = api.sign_up(owner=True, email="ali@example.com", full_name="Ali Raza", contact_number="03001234567")
    token = session["token"]
    venue_id = api.list_venue(token)
    api.post("/auth/login", {"email": "ali@example.com", "password": "wrong horse 7"})
    api.post("/auth/login", {"email": "ali@example.com", "password": PASSWORD, "extra": "Ali Raza"})
    order = {"venue_id": venue_id, "date": day(1), "guests": 1, "notes": "private words"}
    api.post("/bookings", order, token=token, Idempotency_Key="secret-key-1")
    api.get("/venues/search?q=ali@example.com")
    api.get("/auth/me", Authorization="Bearer x.y.z")
    logged = json.dumps(lines(capsys))
    for secret in (
        *(PASSWORD, "wrong horse 7", token, "x.y.z", "ali@example.com", "Ali Raza", "03001234567", "private words"),
        "secret-key-1",
    ):
        assert secret not in logged


def test_client_data_cannot_start_a_new_log_line(api: ApiClient, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    api.client.open("/venues/%0A%7B%22forged%22:1%7D", method="GET")
    api.client.open("/health", method="GET\u2028FORGED")
    structlog.get_logger().info("said", value='one\ntwo\r{"forged": 1}\u2028')
    logged = lines(capsys)
    assert len(logged) == 3
    assert all("forged" not in line for line in logged)


@pytest.mark.parametrize(
    ("level", "logged_levels"),
    [
        ("DEBUG", ["debug", "info", "warning", "error"]),
        ("INFO", ["info", "warning", "error"]),
        ("WARNING", ["warning", "error"]),
        ("ERROR", ["error"]),
    ],
)
def test_the_level_is_a_threshold(level: str, logged_levels: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level)
    log = structlog.get_logger()
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)("said")
    assert [line["level"] for line in lines(capsys)] == logged_levels


@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch, no_color: str) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm-256color")
    configure_logging("INFO")
    structlog.contextvars.clear_contextvars()
    structlog.get_logger().info("request", status=404, code="not_found", value='one\ntwo\x1b[2J{"forged": 1}\r')
    logging.getLogger("some.library").warning("one\ntwo\x1b[2J %s", 3)
    text = terminal.getvalue()
    assert ("\x1b[" in text) == (not no_color)
    first, second = re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()
    assert "\x1b" not in first + second
    assert re.match(r"2\d{3}-\S+Z \[info +\] request +code='not_found' status=404 value=", first)
    assert r"one\ntwo\x1b[2J" in first
    assert re.match(r"2\d{3}-\S+Z \[warning +\] one\\ntwo\\x1b\[2J 3", second)


def test_a_traceback_on_a_terminal_does_not_show_local_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    configure_logging("INFO")
    private = "ayesha" + "@example.com"
    try:
        len(private) / 0
    except ZeroDivisionError:
        logging.getLogger("some.library").exception("failed")
    assert "ZeroDivisionError" in terminal.getvalue()
    assert private not in terminal.getvalue()


def test_log_lines_of_libraries_and_the_server_have_the_same_format(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    logging.getLogger("some.library").warning("one\ntwo %s", 3)
    logging.getLogger("some.library").info("chatter")
    server = logging.getLogger("gunicorn.error")
    propagate_before = server.propagate
    server.propagate = False
    try:
        logger = ServerLogger.__new__(ServerLogger)
        logger.error_log = server
        logger.setup(object())
        server.error("worker died")
    finally:
        server.propagate = propagate_before
    first, second = lines(capsys)
    assert (first["event"], first["level"]) == ("one\ntwo 3", "warning")
    assert second["event"] == "worker died"
