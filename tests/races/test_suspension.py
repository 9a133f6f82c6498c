"""A suspension races with the registration of a venue and with bookings: an acknowledged suspension holds."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from halls.accounts import suspension
from halls.accounts.authentication import Access, authenticate
from halls.accounts.suspension import suspend_account
from halls.bookings import store as bookings_store
from halls.clock import utc_now
from halls.venues import service as venues
from tests.conftest import make_config
from tests.factories import venue_body
from tests.races import unguarded
from tests.races.race_client import PAUSE_SECONDS, Call

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from bson import ObjectId

    from tests.api_client import ApiResponse
    from tests.races.race_client import Account, RaceClient


class Rival:
    """The suspension of an account, which runs in the middle of another request."""

    def __init__(self, client: RaceClient, account_id: ObjectId) -> None:
        self.thread = threading.Thread(target=lambda: suspend_account(client.db, account_id, utc_now()))
        # Whether the suspension was acknowledged before the other request went on.
        self.is_first = False

    def run_before(self, patch: pytest.MonkeyPatch, module: ModuleType, name: str) -> None:
        """Start before the first call of a function, which then waits until the suspension ends, or PAUSE_SECONDS."""
        real, started = getattr(module, name), threading.Event()

        def call_after_pause(*args: object, **kwargs: object) -> object:
            if not started.is_set():
                started.set()
                self.thread.start()
                self.thread.join(PAUSE_SECONDS)
                self.is_first = not self.thread.is_alive()
            return real(*args, **kwargs)

        patch.setattr(module, name, call_after_pause)


def register(client: RaceClient, patch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Register a venue while its owner is suspended. Return the status, and the number of open venues."""
    owner = client.account(owner=True)
    rival = Rival(client, owner.id)
    rival.run_before(patch, venues, "refresh_entries")
    status = client.send(Call("POST", "/venues/register", owner.token, venue_body())).status
    rival.thread.join()
    return status, client.db.venues.count_documents({"owner_id": owner.id, "suspended_at": None})


def test_a_venue_registered_during_the_suspension_is_suspended(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert register(in_process_client, monkeypatch) == (201, 0)


def test_control_without_the_account_the_venue_stays_open(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venues, "lock_account", lambda *_: None)
    assert register(in_process_client, monkeypatch) == (201, 1)


def test_a_registration_after_the_account_is_marked_is_rejected(
    in_process_client: RaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = in_process_client
    answers: list[ApiResponse] = []
    owner = client.account(owner=True)
    real = suspension.list_venue_ids

    def register_then_list(*args: object) -> list[ObjectId]:
        # As a request that was authenticated before the suspension.
        monkeypatch.setattr("halls.http.endpoint.authenticate", lambda *_: authenticated)
        answers.append(client.send(Call("POST", "/venues/register", owner.token, venue_body())))
        return real(*args)  # type: ignore[arg-type] # those of the service

    authenticated = _authenticate(client, owner)
    monkeypatch.setattr(suspension, "list_venue_ids", register_then_list)
    assert suspend_account(client.db, owner.id, utc_now()) == 0
    assert [(answer.status, answer.code) for answer in answers] == [(401, "token_revoked")]
    assert client.db.venues.count_documents({}) == 0


def _authenticate(client: RaceClient, owner: Account) -> tuple[object, object]:
    return authenticate(lambda: client.db, make_config(), f"Bearer {owner.token}", Access.OWNER)


SUSPENDED = pytest.mark.parametrize(
    ("suspends_owner", "unguard"),
    [(True, unguarded.only_read_the_venue), (False, unguarded.order_without_the_account)],
    ids=["owner", "guest"],
)


def book(client: RaceClient, patch: pytest.MonkeyPatch, *, suspends_owner: bool) -> tuple[int, bool]:
    """Book while one side is suspended. Return the status, and whether the suspension was acknowledged before."""
    owner, guest = client.account(owner=True), client.account()
    venue_id = client.venue(owner)
    rival = Rival(client, owner.id if suspends_owner else guest.id)
    rival.run_before(patch, bookings_store, "insert_booking")
    status = client.send(guest.order(venue_id)).status
    rival.thread.join()
    return status, rival.is_first


@SUSPENDED
def test_no_booking_succeeds_after_the_suspension_was_acknowledged(
    in_process_client: RaceClient,
    monkeypatch: pytest.MonkeyPatch,
    unguard: Callable[[pytest.MonkeyPatch], None],
    *,
    suspends_owner: bool,
) -> None:
    del unguard
    assert book(in_process_client, monkeypatch, suspends_owner=suspends_owner) == (201, False)


@SUSPENDED
def test_control_without_the_guard_a_booking_succeeds_after_the_suspension(
    in_process_client: RaceClient,
    monkeypatch: pytest.MonkeyPatch,
    unguard: Callable[[pytest.MonkeyPatch], None],
    *,
    suspends_owner: bool,
) -> None:
    unguard(monkeypatch)
    assert book(in_process_client, monkeypatch, suspends_owner=suspends_owner) == (201, True)
