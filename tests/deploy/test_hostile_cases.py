"""Hostile requests about HTTP itself through NGINX: its own responses must meet the contract too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.hostile.http_cases import HTTP_CASES, HttpCase
from tests.hostile.http_checks import find_problems

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.deploy.site import Site


@pytest.mark.parametrize("case", HTTP_CASES, ids=lambda case: case.name)
def test_a_hostile_request_through_nginx_gets_a_contract_response(case: HttpCase, site: Site, hostile_db: Db) -> None:
    assert find_problems(case, site, hostile_db) == []
