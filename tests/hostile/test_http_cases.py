"""Requests about HTTP itself to a server process, its log, and the links in its e-mails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.factories import PASSWORD
from tests.hostile.client import LOGIN
from tests.hostile.contract import find_violations, outcome_of
from tests.hostile.http_cases import HTTP_CASES, HttpCase
from tests.hostile.http_checks import find_problems
from tests.hostile.raw_http import request_bytes, send
from tests.hostile.world import R_MAIL, U1, U1_MAIL, U2
from tests.waiting import wait_until

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiResponse
    from tests.mail.smtp_server import SmtpServer
    from tests.servers import RunningServer

WRONG_PASSWORD = "a secret in a log"


@pytest.mark.parametrize("case", HTTP_CASES, ids=lambda case: case.name)
def test_a_hostile_request_gets_a_contract_response(
    case: HttpCase, hostile_server: RunningServer, hostile_db: Db
) -> None:
    assert find_problems(case, hostile_server, hostile_db) == []


def test_every_case_has_its_own_name() -> None:
    assert len({case.name for case in HTTP_CASES}) == len(HTTP_CASES)


def ask(server: RunningServer, request: bytes) -> ApiResponse:
    """Send a request, and wait for its line in the log."""
    [answer] = send(server.port, request).answers
    response = answer.as_api_response
    assert find_violations(response) == []
    wait_until(lambda: response.headers["X-Request-ID"] in server.log_text())
    return response


@pytest.mark.parametrize(
    ("body", "outcome", "secret"),
    [
        (LOGIN, "200", PASSWORD),
        ({**LOGIN, "password": WRONG_PASSWORD}, "401 bad_credentials", WRONG_PASSWORD),
        ({**LOGIN, "password": WRONG_PASSWORD}, "401 bad_credentials", U1_MAIL),
        # A log entry is one line.
        ({**LOGIN, "email": "a@example.com\n2026-01-01 INFO"}, "422 validation_error", "\n2026-01-01 INFO"),
    ],
    ids=["a password", "a wrong password", "an address", "a second line"],
)
def test_the_log_has_no_text_of_a_login(
    hostile_server: RunningServer, hostile_db: Db, body: dict[str, str], outcome: str, secret: str
) -> None:
    assert hostile_db.users.find_one({"email": U1_MAIL})
    assert outcome_of(ask(hostile_server, request_bytes("POST /auth/login", json.dumps(body)))) == outcome
    assert secret not in hostile_server.log_text()


def test_the_log_has_no_token(hostile_server: RunningServer, hostile_db: Db) -> None:
    assert hostile_db.users.find_one({"email": U1_MAIL})
    assert ask(hostile_server, request_bytes("GET /auth/me", token=U1)).status == 200
    assert outcome_of(ask(hostile_server, request_bytes(f"GET /auth/me?token={U2}"))) == "401 missing_token"
    assert U1 not in hostile_server.log_text()
    assert U2 not in hostile_server.log_text()


def test_the_link_in_an_email_has_the_configured_host_and_goes_to_the_stored_address(
    hostile_server: RunningServer, hostile_db: Db, smtp_server: SmtpServer
) -> None:
    assert hostile_db.users.find_one({"email": R_MAIL})
    body = json.dumps({"email": R_MAIL.upper()})
    request = request_bytes("POST /auth/forgot-password", body, Host="evil.example", X_Forwarded_Host="evil.example")
    assert ask(hostile_server, request).status == 200
    # Other e-mails tell of what earlier tests changed.
    resets = "Your new password for Halls"
    wait_until(lambda: any(each.message["Subject"] == resets for each in smtp_server.deliveries))
    [delivery] = [each for each in smtp_server.deliveries if each.message["Subject"] == resets]
    assert delivery.receivers == [R_MAIL]
    text = delivery.message.as_string() + delivery.part("plain") + delivery.part("html")
    assert "/reset-password?token=" in text
    assert "evil.example" not in text
