"""Fixtures of the tests of webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.webhooks.receiver import running_receiver
from tests.webhooks.world import HookWorld

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db
    from tests.api_client import ApiClient


@pytest.fixture
def world(api: ApiClient, db: Db) -> Iterator[HookWorld]:
    """An owner with a venue, a guest, and a receiver of their webhooks."""
    with running_receiver() as receiver:
        yield HookWorld(api, db, receiver)
