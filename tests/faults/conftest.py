"""A mongod with failpoints, for the tests of failures between server and database."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.conftest import uri_of
from tests.faults.fault_injection import failpoint_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def failpoint_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of a mongod that accepts failpoints."""
    with failpoint_mongod(tmp_path_factory.mktemp("failpoints")) as uri:
        yield uri_of(uri, f"faults_{uuid.uuid4().hex[:12]}")
