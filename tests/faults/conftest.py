"""A mongod with failpoints, for the tests of failures between server and database."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from halls.mongo.client import connect
from halls.mongo.leases import Lease
from tests.conftest import uri_of
from tests.faults.fault_injection import failpoint_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_SECONDS = 24 * 3600


@pytest.fixture(scope="session")
def failpoint_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of a mongod that accepts failpoints.

    The tests hold the lease of the change stream reader. Otherwise its writes could meet the failpoints.
    """
    with failpoint_mongod(tmp_path_factory.mktemp("failpoints")) as uri:
        own_uri = uri_of(uri, f"faults_{uuid.uuid4().hex[:12]}")
        db = connect(own_uri)
        assert Lease(db, "search-index", LONG_SECONDS).hold()
        db.client.close()
        yield own_uri
