"""Every hostile request through NGINX: its own responses must meet the contract too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.hostile.runner import run_case
from tests.hostile.test_hostile_cases import PLAIN

if TYPE_CHECKING:
    from tests.deploy.site import Site
    from tests.hostile.catalogue import Step
    from tests.hostile.world import World


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case["id"])
def test_a_hostile_request_through_nginx_gets_a_contract_response(case: Step, site: Site, world: World) -> None:
    assert run_case(case, site, world) == []
