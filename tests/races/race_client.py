"""Client of the race tests: makes accounts and venues by direct writes, and sends concurrent requests."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.accounts.account import account_from_document
from halls.accounts.tokens import make_token
from halls.clock import utc_now
from tests.api_client import ApiClient, ApiResponse
from tests.conftest import SECRET
from tests.factories import booking_body, day, user_document, venue_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask import Flask

    from halls.mongo.client import Db, Document

MAX_WAIT_SECONDS = 60
# A paused call waits so long at most: its rivals may wait for its locks. Much shorter than a transaction's deadline.
PAUSE_SECONDS = 0.5
DATE, OTHER_DATE = day(30), day(31)
OLD_PRICE, NEW_PRICE = 100_000, 200_000


@dataclass(frozen=True)
class Call:
    """A request to send, `delay` seconds after its rivals; `then` is sent after its response."""

    method: str
    path: str
    token: str | None = None
    body: Any = None
    key: str | None = None
    delay: float = 0.0
    then: Call | None = None
    if_match: str | None = None

    def send_to(self, api: ApiClient) -> ApiResponse:
        """Send the request; return its response."""
        headers = {"Idempotency_Key": self.key} if self.key else {}
        headers |= {"If_Match": self.if_match} if self.if_match else {}
        return api.send(self.method, self.path, self.body, token=self.token, **headers)


@dataclass(frozen=True)
class Event:
    """The response to a call, and the monotonic times of sending and of the response."""

    answer: ApiResponse
    sent: float
    answered: float
    then: Event | None = None

    @property
    def seconds(self) -> float:
        """The duration of the call."""
        return self.answered - self.sent

    @property
    def outcome(self) -> str:
        """The status, and the code of an error response: "409 date_taken"."""
        is_ok = self.answer.json["ok"]
        return str(self.answer.status) if is_ok else f"{self.answer.status} {self.answer.code}"


@dataclass
class Report:
    """The outcomes of the rounds of a race, and the violations."""

    outcomes: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def add_outcome(self, allowed: Iterable[str], *events: Event) -> str:
        """Count the outcome of a round; an outcome that is not `allowed` is a violation."""
        outcome = ", ".join(event.outcome for event in events)
        self.outcomes[outcome] += 1
        if outcome not in set(allowed):
            self.violations.append(f"outcome ({outcome})")
        return outcome


@dataclass
class Pause:
    """Blocks one call in the middle of its work, so that its delayed rivals run in between."""

    reached: threading.Event = field(default_factory=threading.Event)
    rivals_done: threading.Event = field(default_factory=threading.Event)

    def wait_for_rivals(self) -> None:
        """Wait until all rivals have responses, at most PAUSE_SECONDS; a second call returns at once."""
        if not self.reached.is_set():
            self.reached.set()
            self.rivals_done.wait(PAUSE_SECONDS)


@dataclass
class RaceClient:
    """Sends requests to a server, and reads and writes its database directly."""

    db: Db
    send: Callable[[Call], ApiResponse]
    pause: Pause | None = None

    def request(self, call: Call) -> Event:
        """Send one request, then its `then`."""
        sent = time.monotonic()
        answer = self.send(call)
        answered = time.monotonic()
        return Event(answer, sent, answered, self.request(call.then) if call.then else None)

    def at_once(self, *calls: Call) -> list[Event]:
        """Send all requests at once, each in its own thread and on its own connection."""
        start = threading.Barrier(len(calls), timeout=MAX_WAIT_SECONDS)
        pause = self.pause or Pause()
        delayed = [call for call in calls if call.delay] if self.pause else []
        all_delayed = threading.Barrier(len(delayed) or 1, action=pause.rivals_done.set, timeout=MAX_WAIT_SECONDS)

        def run(call: Call) -> Event:
            start.wait()
            if call not in delayed:
                time.sleep(call.delay)
                return self.request(call)
            pause.reached.wait(MAX_WAIT_SECONDS)
            event = self.request(call)
            all_delayed.wait()
            return event

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(run, calls))

    def accounts(self, count: int, *, owner: bool = False) -> list[Account]:
        """Insert accounts; return them with their tokens."""
        documents: list[Any] = [_account_document(is_owner=owner) for _ in range(count)]
        self.db.users.insert_many(documents)
        accounts = [account_from_document(document) for document in documents]
        tokens = [make_token(account, secret=SECRET, now=utc_now(), hours=1)[0] for account in accounts]
        return [Account(account.id, token) for account, token in zip(accounts, tokens, strict=True)]

    def account(self, *, owner: bool = False) -> Account:
        """Insert one account; return it with its token."""
        return self.accounts(1, owner=owner)[0]

    def venues(self, owner: Account, count: int) -> list[ObjectId]:
        """Insert venues offered on DATE and OTHER_DATE at OLD_PRICE; return their ids."""
        documents = [_venue_document(owner) for _ in range(count)]
        self.db.venues.insert_many(documents)
        return [document["_id"] for document in documents]

    def venue(self, owner: Account) -> ObjectId:
        """Insert one venue; return its id."""
        return self.venues(owner, 1)[0]

    def find_active_bookings(self, venue_id: ObjectId, date: str = DATE) -> list[Document]:
        """Return the bookings of a venue on a date that are not cancelled."""
        return list(self.db.bookings.find({"venue_id": venue_id, "date": date, "status": {"$ne": "cancelled"}}))

    def find_unoffered_bookings(self, venue_ids: list[ObjectId]) -> list[str]:
        """Return a message for each active booking whose venue is deleted or does not offer the date."""
        venues = {venue["_id"]: venue for venue in self.db.venues.find({"_id": {"$in": venue_ids}})}
        bookings = self.db.bookings.find({"venue_id": {"$in": venue_ids}, "status": {"$ne": "cancelled"}})
        return [
            f"booked, but not offered: {booking}"
            for booking in bookings
            if booking["date"] not in venues.get(booking["venue_id"], {"dates_available": []})["dates_available"]
        ]


@dataclass(frozen=True)
class Account:
    """An account and its bearer token."""

    id: ObjectId
    token: str

    def order(self, venue_id: ObjectId, date: str = DATE, *, key: str | None = None, delay: float = 0.0) -> Call:
        """Return a POST /bookings."""
        return Call("POST", "/bookings", self.token, booking_body(venue_id, date), key, delay)

    def change(self, venue_id: ObjectId, delay: float = 0.0, if_match: str | None = None, **fields: Any) -> Call:
        """Return a PATCH of a venue."""
        return Call("PATCH", f"/venues/{venue_id}", self.token, fields, delay=delay, if_match=if_match)


def over_http(port: int) -> Callable[[Call], ApiResponse]:
    """Return a function that sends a call to a local server."""
    api = ApiClient(f"http://127.0.0.1:{port}")
    return lambda call: call.send_to(api)


def in_process(app: Flask) -> Callable[[Call], ApiResponse]:
    """Return a function that sends a call to an application in this process, which tests can patch."""
    # Each call has its own client: threads must not share one.
    return lambda call: call.send_to(ApiClient(app.test_client()))


def shifts(rounds: int, seconds: float = 0.02) -> list[float]:
    """Return evenly spread shifts from -seconds (the first call starts earlier) to +seconds (the second does)."""
    return [seconds * (2 * number / (rounds - 1) - 1) for number in range(rounds)]


def _account_document(*, is_owner: bool) -> Document:
    account_id = ObjectId()
    address, role = f"{account_id}@example.com", "owner" if is_owner else "user"
    return user_document(_id=account_id, email=address, password_hash=None, is_venue_owner=is_owner, role=role)


def _venue_document(owner: Account) -> Document:
    prices = {"overrides": [{"date": date, "price": OLD_PRICE} for date in (DATE, OTHER_DATE)]}
    venue: Document = venue_document(owner.id, dates_available=[DATE, OTHER_DATE], pricing=prices)
    return venue
