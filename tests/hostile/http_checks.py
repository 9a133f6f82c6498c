"""Sends an HTTP case to a server, and reports everything that is wrong with the response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tests.hostile.contract import find_leaks, find_missing_headers, find_violations, outcome_of
from tests.hostile.raw_http import Exchange, request_bytes, send
from tests.hostile.world import has_background_work, hash_documents
from tests.waiting import wait_until

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.hostile.http_cases import HttpCase


class Server(Protocol):
    """The parts of the server under test that the cases use."""

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""

    def log_text(self) -> str:
        """The log so far."""


def find_problems(case: HttpCase, server: Server, db: Db) -> list[str]:
    """Send the request of a case; return everything that is wrong with the response."""
    wait_until(lambda: not has_background_work(db))
    before, logged = hash_documents(db), len(server.log_text())
    exchange = send(server.port, case.request)
    problems = _response_problems(case, exchange)
    if not (exchange.answers and exchange.answers[0].status < 400) and hash_documents(db) != before:
        problems.append("a rejected request changed documents")
    if case.is_unreadable and send(server.port, request_bytes("GET /health")).answers[0].status != 200:
        problems.append("the server does not respond any more")
    if "Traceback" in server.log_text()[logged:]:
        problems.append("the log has a traceback")
    return problems


def _response_problems(case: HttpCase, exchange: Exchange) -> list[str]:
    if not exchange.answers:
        outcome = "closed" if exchange.closed else "silence"
        return [] if outcome in case.expected else [f"expected {case.expected}, got {outcome}"]
    answer, *more = exchange.answers
    response = answer.as_api_response
    problems = [f"{len(more)} more responses"] if more else []
    if case.is_unreadable:
        problems += find_leaks(answer.text, response)
    else:
        is_empty = case.request.startswith((b"HEAD ", b"OPTIONS ")) or response.status == 204
        with_token = b"Authorization: Bearer " in case.request and response.status != 401
        problems += find_violations(response, with_token=with_token, may_be_empty=is_empty)
    if not {outcome_of(response), str(response.status)} & set(case.expected):
        problems.append(f"expected {case.expected}, got {response.status} {answer.text[:300]}")
    return [
        *problems,
        *find_missing_headers(response, case.headers),
        *(f"header {name} is present" for name in case.absent_headers if name in response.headers),
        *(
            f"header {name} is {value!r}"
            for name, value in case.unequal_headers.items()
            if response.headers.get(name) == value
        ),
        *(f"{text!r} is in the response" for text in case.absent_texts if text in answer.text),
    ]
