"""Sends every hostile case, and keeps the account of how many there are."""

import pytest

from tests.hostile.catalogue import TABLES, Step, cases_of, needs_of, with_variants
from tests.hostile.runner import Server, run_case
from tests.hostile.world import World

# These have a database of their own, in test_outage_cases.py.
OUTAGE_NEEDS = {"outage", "recovery"}


EVERY_CASE = [variant for table in TABLES for case in cases_of(table) for variant in with_variants(case)]
OUTAGE = [case for case in EVERY_CASE if needs_of(case) & OUTAGE_NEEDS]
LIMITED = [case for case in EVERY_CASE if "limits" in needs_of(case)]
PLAIN = [case for case in EVERY_CASE if not needs_of(case) & (OUTAGE_NEEDS | {"limits"})]


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case["id"])
def test_the_server_answers_as_the_contract_says(case: Step, hostile_server: Server, world: World) -> None:
    assert run_case(case, hostile_server, world) == []


@pytest.mark.parametrize("case", LIMITED, ids=lambda case: case["id"])
def test_floods_are_limited(case: Step, limited_server: Server, world: World) -> None:
    world.db.rate_limit_counters.delete_many({})
    assert run_case(case, limited_server, world) == []


def test_no_case_is_lost() -> None:
    """A change of these numbers is a decision."""
    assert {table: len(cases_of(table)) for table in TABLES} == {"hostile_cases.json": 300, "more_cases.json": 348}
    # With the variants of the cases that are tried everywhere.
    assert (len(PLAIN), len(LIMITED), len(OUTAGE)) == (714, 6, 16)
    assert len(PLAIN) + len(LIMITED) + len(OUTAGE) == len(EVERY_CASE)


def test_no_two_cases_share_an_id() -> None:
    assert len({case["id"] for case in EVERY_CASE}) == len(EVERY_CASE)
