"""Two changes of one venue with the same If-Match: one is stored, the other gets 412."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.races import unguarded
from tests.races.race_client import DATE, OTHER_DATE, Call, RaceClient, Report

if TYPE_CHECKING:
    import pytest

ROUNDS = 30
FIRST_STORED, SECOND_STORED = "200, 412 precondition_failed", "412 precondition_failed, 200"
CHANGES = ([DATE], [OTHER_DATE])


def race_with_one_version(race_client: RaceClient, rounds: int) -> Report:
    """Change the dates of each venue twice at once, with the ETag that both clients have read."""
    report, owner = Report(), race_client.account(owner=True)
    for venue_id in race_client.venues(owner, rounds):
        look = Call("GET", f"/venues/{venue_id}")
        tag = race_client.request(look).answer.headers["ETag"]
        calls = [owner.change(venue_id, if_match=tag, dates_available=dates) for dates in CHANGES]
        outcome = report.add_outcome([FIRST_STORED, SECOND_STORED], *race_client.at_once(*calls))
        stored = race_client.request(look).answer.data["venue"]["dates_available"]
        if stored != CHANGES[outcome == SECOND_STORED]:
            report.violations.append(f"{stored} after ({outcome})")
    return report


def test_one_of_two_changes_with_the_same_etag_is_stored(race_client: RaceClient) -> None:
    assert race_with_one_version(race_client, ROUNDS).violations == []


def test_control_a_check_before_the_transaction_loses_a_change(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.check_version_before_the_transaction(monkeypatch)
    assert race_with_one_version(in_process_client, 1).outcomes == {"200, 200": 1}
