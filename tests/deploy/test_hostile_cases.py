"""Every hostile case again, through NGINX: what it answers itself is as good as what the application says."""

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
def test_through_nginx_the_answer_is_as_the_contract_says(case: Step, site: Site, world: World) -> None:
    assert run_case(case, site, world) == []
