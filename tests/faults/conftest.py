"""A mongod that fails on command, for the tests that break the talk between server and database."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.conftest import uri_of
from tests.faults.fault_injection import fallible_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def fallible_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of a mongod whose commands can be made to fail."""
    with fallible_mongod(tmp_path_factory.mktemp("fallible")) as uri:
        yield uri_of(uri, f"faults_{uuid.uuid4().hex[:12]}")
