"""Two concurrent changes of different fields, or of different days, of one venue are both stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.factories import day
from tests.races import unguarded
from tests.races.race_client import DATE, OTHER_DATE, Account, Call, RaceClient, Report

if TYPE_CHECKING:
    import pytest
    from bson import ObjectId

ROUNDS = 10
# DATE and OTHER_DATE are offered at first.
NEW_DAYS = [day(ahead) for ahead in range(40, 48)]
PAIRS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"venue_name": "Ruby Hall"}, {"capacity": 300}),
    ({"amenities": {"water": True}}, {"amenities": {"sound_system": True}}),
    ({"booking_rules": {"hold_hours": 24}}, {"booking_rules": {"terms": "No fireworks."}}),
    ({"dates_available": [DATE]}, {"pricing": {"overrides": [{"date": OTHER_DATE, "price": 5}]}}),
    ({"dates_available": [OTHER_DATE]}, {"additional_description": "With a garden."}),
]


def race_two_changes(race_client: RaceClient, pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> list[str]:
    """Make both changes of each pair at once; return the lost ones."""
    report, owner = Report(), race_client.account(owner=True)
    for venue_id, pair in zip(race_client.venues(owner, len(pairs)), pairs, strict=True):
        report.add_outcome(["200, 200"], *race_client.at_once(*[owner.change(venue_id, **change) for change in pair]))
        venue = race_client.request(Call("GET", f"/venues/{venue_id}")).answer.data["venue"]
        report.violations += [f"lost: {change}" for change in pair if not has_change(venue, change)]
    return report.violations


def has_change(venue: Any, change: dict[str, Any]) -> bool:
    """Return whether the venue has the values of `change`; nested objects may have more members."""
    return all(
        has_change(venue[name], value) if isinstance(value, dict) else venue[name] == value
        for name, value in change.items()
    )


def test_concurrent_changes_of_different_fields_are_both_stored(race_client: RaceClient) -> None:
    assert race_two_changes(race_client, PAIRS * ROUNDS) == []


def test_control_replacing_the_whole_venue_loses_a_change(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.replace_whole_venue(monkeypatch)
    [lost] = race_two_changes(in_process_client, PAIRS[:1])
    assert lost.startswith("lost:")


def race_calendar_changes(race_client: RaceClient, rounds: int) -> list[str]:
    """Change different days of one calendar in eight tabs at once; return the lost changes."""
    report, owner = Report(), race_client.account(owner=True)
    for venue_id in race_client.venues(owner, rounds):
        tabs = [offer(owner, venue_id, each, 1_000 + number) for number, each in enumerate(NEW_DAYS)]
        report.add_outcome([", ".join(["200"] * len(tabs))], *race_client.at_once(*tabs))
        venue = race_client.request(Call("GET", f"/venues/{venue_id}")).answer.data["venue"]
        prices = {each["date"]: each["price"] for each in venue["pricing"]["overrides"]}
        report.violations += [
            f"lost: {each}"
            for number, each in enumerate(NEW_DAYS)
            if each not in venue["dates_available"] or prices.get(each) != 1_000 + number
        ]
    return report.violations


def offer(owner: Account, venue_id: ObjectId, date: str, price: int) -> Call:
    """Return a calendar change that offers a day."""
    body = {"changes": [{"do": "offer", "dates": [date], "price": price}]}
    return Call("POST", f"/venues/{venue_id}/calendar", owner.token, body)


def test_concurrent_changes_of_different_days_are_all_stored(race_client: RaceClient) -> None:
    assert race_calendar_changes(race_client, ROUNDS) == []


def test_control_a_calendar_that_was_read_before_the_transaction_loses_a_change(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.change_the_calendar_that_was_read(monkeypatch, len(NEW_DAYS))
    lost = race_calendar_changes(in_process_client, 1)
    assert len(lost) == len(NEW_DAYS) - 1
