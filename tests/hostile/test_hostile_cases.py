"""Sends every hostile case that the server is ready for, and keeps the account of those that have to wait."""

import pytest

from tests.hostile.answers import code_of
from tests.hostile.catalogue import TABLES, Step, cases_of, needs_of, routes_of, with_variants
from tests.hostile.runner import Server, run_case
from tests.hostile.wire import request_bytes, send
from tests.hostile.world import World

# Routes that do not exist yet. Whoever builds one takes it off the list, and its cases run.
LATER_ROUTES = {
    "POST /auth/google": "sign-in by Google",
    "POST /auth/forgot-password": "resets need mail",
    "POST /auth/reset-password": "resets need mail",
    "DELETE /auth/me": "closing an account",
    "POST /uploads/sign-s3": "uploads",
    "POST /uploads/sign-cloudinary": "uploads",
}
# What a case may need that does not exist yet.
LATER_NEEDS = {
    "google": "sign-in by Google",
    "mail": "letters",
    "limits": "rate limits",
    "production": "the rest of the production checks",
}
# These have a database of their own, in test_outage_cases.py.
OUTAGE_NEEDS = {"outage", "recovery"}


def waits(case: Step) -> bool:
    """Tell whether a case belongs to later work."""
    return bool(routes_of(case) & set(LATER_ROUTES) or needs_of(case) & set(LATER_NEEDS))


EVERY_CASE = [variant for table in TABLES for case in cases_of(table) for variant in with_variants(case)]
LATER = [case for case in EVERY_CASE if waits(case)]
OUTAGE = [case for case in EVERY_CASE if not waits(case) and needs_of(case) & OUTAGE_NEEDS]
NOW = [case for case in EVERY_CASE if not waits(case) and not needs_of(case) & OUTAGE_NEEDS]


@pytest.mark.parametrize("case", NOW, ids=lambda case: case["id"])
def test_the_server_answers_as_the_contract_says(case: Step, hostile_server: Server, world: World) -> None:
    assert run_case(case, hostile_server, world) == []


def test_no_case_is_lost() -> None:
    """A change of these numbers is a decision: cases are added, and leave LATER when their routes land."""
    assert {table: len(cases_of(table)) for table in TABLES} == {"hostile_cases.json": 300, "more_cases.json": 348}
    # With the variants of the cases that are tried everywhere.
    assert (len(NOW), len(OUTAGE), len(LATER)) == (663, 16, 57)
    assert len(NOW) + len(OUTAGE) + len(LATER) == len(EVERY_CASE)


def test_no_two_cases_share_an_id() -> None:
    assert len({case["id"] for case in EVERY_CASE}) == len(EVERY_CASE)


@pytest.mark.parametrize("route", LATER_ROUTES)
def test_a_later_route_is_not_served_yet(route: str, hostile_server: Server) -> None:
    answer = send(hostile_server.port, request_bytes({"request": route}, {}, None)).answers[0]
    # The second where the path exists already under another method.
    assert code_of(answer) in {"not_found", "method_not_allowed"}, f"{route} is served: take it off LATER_ROUTES"
