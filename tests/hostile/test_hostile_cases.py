"""Sends every hostile case to the server, and checks the number of cases."""

import pytest

from tests.hostile.catalogue import TABLES, Step, load_cases, needs_of, with_variants
from tests.hostile.runner import Server, run_case
from tests.hostile.world import World

# These cases run in test_outage_cases.py, on their own database.
OUTAGE_NEEDS = {"outage", "recovery"}


EVERY_CASE = [variant for table in TABLES for case in load_cases(table) for variant in with_variants(case)]
OUTAGE = [case for case in EVERY_CASE if needs_of(case) & OUTAGE_NEEDS]
LIMITED = [case for case in EVERY_CASE if "limits" in needs_of(case)]
PLAIN = [case for case in EVERY_CASE if not needs_of(case) & (OUTAGE_NEEDS | {"limits"})]


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case["id"])
def test_the_response_matches_the_contract(case: Step, hostile_server: Server, world: World) -> None:
    assert run_case(case, hostile_server, world) == []


@pytest.mark.parametrize("case", LIMITED, ids=lambda case: case["id"])
def test_floods_are_rate_limited(case: Step, limited_server: Server, world: World) -> None:
    world.db.rate_limit_counters.delete_many({})
    assert run_case(case, limited_server, world) == []


def test_the_number_of_cases_is_unchanged() -> None:
    """Change these numbers only together with the tables: a smaller number means lost cases."""
    assert {table: len(load_cases(table)) for table in TABLES} == {"hostile_cases.json": 300, "more_cases.json": 348}
    # These numbers include the variants of the `everywhere` cases.
    assert (len(PLAIN), len(LIMITED), len(OUTAGE)) == (714, 6, 16)
    assert len(PLAIN) + len(LIMITED) + len(OUTAGE) == len(EVERY_CASE)


def test_no_two_cases_share_an_id() -> None:
    assert len({case["id"] for case in EVERY_CASE}) == len(EVERY_CASE)
