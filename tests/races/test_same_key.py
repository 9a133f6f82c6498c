"""Concurrent requests with one Idempotency-Key have one effect and one response, also after a restart."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from halls.bookings import service as bookings
from halls.mongo.client import connect
from halls.venues import service as venues
from tests.factories import venue_body
from tests.races import unguarded
from tests.races.conftest import SETTINGS
from tests.races.race_client import OTHER_DATE, Call, Event, RaceClient, Report, over_http
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

TIMES, FEW = 20, 5
# The control tests force the dangerous moment. These rounds search for others.
ROUNDS, FEW_ROUNDS = 50, 10


@dataclass(frozen=True)
class Task:
    """A request with a key, another request with the same key, and a count of their effects so far."""

    call: Call
    other: Call
    count_effects: Callable[[], int]


def make_booking_task(race_client: RaceClient) -> Task:
    """Return a booking request, and one for another date."""
    guest, venue_id, key = (
        race_client.account(),
        race_client.venue(race_client.account(owner=True)),
        secrets.token_hex(8),
    )
    call, other = guest.order(venue_id, key=key), guest.order(venue_id, OTHER_DATE, key=key)
    return Task(call, other, lambda: race_client.db.bookings.count_documents({"user_id": guest.id}))


def make_venue_task(race_client: RaceClient) -> Task:
    """Return a venue registration, and one with another name."""
    owner, key = race_client.account(owner=True), secrets.token_hex(8)
    call = Call("POST", "/venues/register", owner.token, venue_body(), key=key)
    other = replace(call, body=venue_body(venue_name="Ruby Hall"))
    return Task(call, other, lambda: race_client.db.venues.count_documents({"owner_id": owner.id}))


EACH_TASK = pytest.mark.parametrize("make_task", [make_booking_task, make_venue_task])


def is_replay(event: Event) -> bool:
    """Return whether the response is the stored one of an earlier request."""
    return bool(event.answer.headers.get("Idempotent-Replayed") == "true")


def race_with_one_key(task: Task, race_client: RaceClient, times: int) -> list[str]:
    """Send one request `times` times at once; return the violations."""
    report = Report()
    events = race_client.at_once(*[task.call] * times)
    for event in events:
        report.add_outcome(["201", "409 idempotency_in_progress"], event)
    successes = [event for event in events if event.answer.status == 201]
    if len({str(event.answer.json) for event in successes}) != 1:
        report.violations.append(f"{len(successes)} successes have different bodies")
    if (first_count := sum(not is_replay(event) for event in successes)) != 1:
        report.violations.append(f"{first_count} responses are not replays")
    if (count := task.count_effects()) != 1:
        report.violations.append(f"{count} effects")
    return report.violations


def race_with_two_bodies(task: Task, race_client: RaceClient) -> list[str]:
    """Send two bodies with one key at once, then both again; return the violations."""
    report = Report()
    for calls in ((task.call, task.other), (task.other, task.call)):
        events = sorted(race_client.at_once(*calls), key=lambda event: event.outcome)
        report.add_outcome(["201, 422 idempotency_conflict"], *events)
    if (count := task.count_effects()) != 1:
        report.violations.append(f"{count} effects")
    return report.violations


@pytest.mark.parametrize(("make_task", "rounds"), [(make_booking_task, ROUNDS), (make_venue_task, FEW_ROUNDS)])
def test_one_request_sent_twenty_times_at_once_has_one_effect(
    make_task: Callable[[RaceClient], Task], rounds: int, race_client: RaceClient
) -> None:
    assert [race_with_one_key(make_task(race_client), race_client, TIMES) for _ in range(rounds)] == [[]] * rounds


@EACH_TASK
def test_one_of_two_bodies_with_one_key_is_a_conflict(
    make_task: Callable[[RaceClient], Task], race_client: RaceClient
) -> None:
    violations = [race_with_two_bodies(make_task(race_client), race_client) for _ in range(FEW_ROUNDS)]
    assert violations == [[]] * FEW_ROUNDS


def test_a_restarted_server_replays_the_first_response(fresh_uri: str, tmp_path: Path) -> None:
    db = connect(fresh_uri)
    with running_server(mongo_uri=fresh_uri, folder=tmp_path, **SETTINGS) as server:
        race_client = RaceClient(db, over_http(server.port))
        tasks = [make_booking_task(race_client), make_venue_task(race_client)]
        before = [race_client.request(task.call) for task in tasks]
    with running_server(mongo_uri=fresh_uri, folder=tmp_path, **SETTINGS) as server:
        after = [RaceClient(db, over_http(server.port)).request(task.call) for task in tasks]
    db.client.close()
    assert [event.outcome for event in before] == ["201", "201"]
    assert [event.answer.json for event in after] == [event.answer.json for event in before]
    assert [is_replay(event) for event in before + after] == [False, False, True, True]


@pytest.mark.parametrize(
    ("make_task", "service", "first_step"),
    [(make_booking_task, bookings, "hold_account_lock"), (make_venue_task, venues, "find_response")],
)
def test_requests_have_one_effect_if_none_found_the_key(
    make_task: Callable[[RaceClient], Task],
    service: ModuleType,
    first_step: str,
    in_process_client: RaceClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unguarded.meet_after(monkeypatch, service, first_step, FEW)
    assert race_with_one_key(make_task(in_process_client), in_process_client, FEW) == []


def test_control_a_key_saved_after_the_booking_returns_date_taken(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.save_response_after_commit(monkeypatch, bookings, "place_booking", FEW)
    assert race_with_one_key(make_booking_task(in_process_client), in_process_client, FEW) == [
        "outcome (409 date_taken)"
    ] * (FEW - 1)


def test_control_a_key_saved_after_the_venue_registers_it_repeatedly(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded.save_response_after_commit(monkeypatch, venues, "register_venue", FEW)
    assert f"{FEW} effects" in race_with_one_key(make_venue_task(in_process_client), in_process_client, FEW)


@pytest.mark.parametrize(
    ("make_task", "service", "action"),
    [(make_booking_task, bookings, "place_booking"), (make_venue_task, venues, "register_venue")],
)
def test_control_a_key_saved_late_gives_both_bodies_an_effect(
    make_task: Callable[[RaceClient], Task],
    service: ModuleType,
    action: str,
    in_process_client: RaceClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unguarded.save_response_after_commit(monkeypatch, service, action, 2)
    task = make_task(in_process_client)
    assert [event.outcome for event in in_process_client.at_once(task.call, task.other)] == ["201", "201"]
    assert task.count_effects() == 2
