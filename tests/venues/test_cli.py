"""`halls venue`: an operator hides a venue, and shows it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands import run_halls, run_halls_fully

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

UNKNOWN_ID = "0" * 24


def test_a_venue_is_hidden_and_shown(api: ApiClient, worker_uri: str) -> None:
    venue_id = api.list_venue(api.owner())
    for command, state, status in (("hide", "hidden", 404), ("show", "not hidden", 200)):
        for suffix in ("", " already"):
            result = run_halls(worker_uri, "venue", command, venue_id)
            assert (result.exit_code, result.stdout) == (0, f"Venue {venue_id} is {state}{suffix}.\n")
        assert api.get(f"/venues/{venue_id}").status == status


def test_the_result_is_printed_as_json(api: ApiClient, worker_uri: str, db: Db) -> None:
    venue_id = api.list_venue(api.owner())
    result = run_halls_fully(worker_uri, "venue", "hide", "--json", venue_id)
    assert json.loads(result.stdout) == {"venue_id": venue_id, "is_hidden": True, "is_changed": True}
    assert result.stderr.startswith(f"Database: {db.name} at ")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("command", ["hide", "show"])
def test_an_unknown_or_malformed_id_is_reported(worker_uri: str, command: str) -> None:
    unknown = run_halls(worker_uri, "venue", command, UNKNOWN_ID)
    assert (unknown.exit_code, unknown.stderr) == (1, "Error: No venue has this id.\n")
    malformed = run_halls(worker_uri, "venue", command, "ABC")
    assert malformed.exit_code == 2
    assert "An id is 24 hex digits, in lower case." in malformed.stderr
