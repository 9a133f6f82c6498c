"""Where races are run: people and venues by direct writes, requests that start together, over HTTP or in-process."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from halls.accounts.account import account_from_document
from halls.accounts.tokens import make_token
from halls.clock import utc_now
from tests.api_client import Answer, day
from tests.conftest import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask import Flask

    from halls.mongo.client import Db, Document

MAX_WAIT_SECONDS = 60
# How long a paused call waits for rivals that may have to wait for it; well within the deadline of a transaction.
PAUSE_SECONDS = 0.5
DATE, OTHER_DATE = day(30), day(31)
OLD_PRICE, NEW_PRICE = 100_000, 200_000


@dataclass(frozen=True)
class Call:
    """A request that is yet to be sent, `delay` seconds after its rivals; `then` follows when it is answered."""

    method: str
    path: str
    token: str | None = None
    body: Any = None
    key: str | None = None
    delay: float = 0.0
    then: Call | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Who asks, and with which Idempotency-Key."""
        given = {"Authorization": self.token and f"Bearer {self.token}", "Idempotency-Key": self.key}
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True)
class Event:
    """What came of a call, and when it was sent and answered."""

    answer: Answer
    sent: float
    answered: float
    then: Event | None = None

    @property
    def seconds(self) -> float:
        """How long the client waited."""
        return self.answered - self.sent

    @property
    def said(self) -> str:
        """The status, for a refusal with its code: "409 date_taken"."""
        ok = self.answer.json["ok"]
        return str(self.answer.status) if ok else f"{self.answer.status} {self.answer.code}"


@dataclass
class Report:
    """How the rounds of a race ended, and what they broke."""

    ends: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def add_end(self, allowed: Iterable[str], *events: Event) -> str:
        """Count how a round ended; an end that is not `allowed` is a violation."""
        end = ", ".join(event.said for event in events)
        self.ends[end] += 1
        if end not in set(allowed):
            self.violations.append(f"ended as ({end})")
        return end


@dataclass
class Pause:
    """A moment in which one call stands still in the middle of its work, and its delayed rivals come in between."""

    reached: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def stand_still(self) -> None:
        """Wait, the first time only, until all rivals are answered, or it is clear that they wait for us."""
        if not self.reached.is_set():
            self.reached.set()
            self.over.wait(PAUSE_SECONDS)


@dataclass
class RaceClient:
    """A server to send to, and the database behind it."""

    db: Db
    send: Callable[[Call], Answer]
    pause: Pause | None = None

    def ask(self, call: Call) -> Event:
        """Send one request now, and what follows it."""
        sent = time.monotonic()
        answer = self.send(call)
        answered = time.monotonic()
        return Event(answer, sent, answered, self.ask(call.then) if call.then else None)

    def at_once(self, *calls: Call) -> list[Event]:
        """Send all requests together, each by a thread and on a connection of its own."""
        start = threading.Barrier(len(calls), timeout=MAX_WAIT_SECONDS)
        pause = self.pause or Pause()
        late = [call for call in calls if call.delay] if self.pause else []
        all_late_ones = threading.Barrier(len(late) or 1, action=pause.over.set, timeout=MAX_WAIT_SECONDS)

        def run(call: Call) -> Event:
            start.wait()
            if call not in late:
                time.sleep(call.delay)
                return self.ask(call)
            pause.reached.wait(MAX_WAIT_SECONDS)
            event = self.ask(call)
            all_late_ones.wait()
            return event

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(run, calls))

    def people(self, count: int, *, owner: bool = False) -> list[Person]:
        """Make accounts."""
        documents = [_account(is_owner=owner) for _ in range(count)]
        self.db.users.insert_many(documents)
        accounts = [account_from_document(document) for document in documents]
        tokens = [make_token(account, secret=SECRET, now=utc_now(), hours=1)[0] for account in accounts]
        return [Person(account.id, token) for account, token in zip(accounts, tokens, strict=True)]

    def person(self, *, owner: bool = False) -> Person:
        """Make one account."""
        return self.people(1, owner=owner)[0]

    def venues(self, owner: Person, count: int) -> list[ObjectId]:
        """Make venues, offered on DATE and OTHER_DATE at OLD_PRICE."""
        documents = [_venue(owner) for _ in range(count)]
        self.db.venues.insert_many(documents)
        return [document["_id"] for document in documents]

    def venue(self, owner: Person) -> ObjectId:
        """Make one venue."""
        return self.venues(owner, 1)[0]

    def active(self, venue_id: ObjectId, date: str = DATE) -> list[Document]:
        """Return the active bookings of a venue on a date."""
        return list(self.db.bookings.find({"venue_id": venue_id, "date": date, "status": {"$ne": "cancelled"}}))

    def find_homeless(self, venue_ids: list[ObjectId]) -> list[str]:
        """Name each active booking on a date that its venue does not offer, or of a venue that is gone."""
        venues = {venue["_id"]: venue for venue in self.db.venues.find({"_id": {"$in": venue_ids}})}
        bookings = self.db.bookings.find({"venue_id": {"$in": venue_ids}, "status": {"$ne": "cancelled"}})
        return [
            f"booked, but not offered: {booking}"
            for booking in bookings
            if booking["date"] not in venues.get(booking["venue_id"], {"dates_available": []})["dates_available"]
        ]


@dataclass(frozen=True)
class Person:
    """An account, and the token of who holds it."""

    id: ObjectId
    token: str

    def order(self, venue_id: ObjectId, date: str = DATE, *, key: str | None = None, delay: float = 0.0) -> Call:
        """Return a request for a booking."""
        body = {"venue_id": str(venue_id), "date": date, "guests": 100}
        return Call("POST", "/bookings", self.token, body, key, delay)

    def change(self, venue_id: ObjectId, delay: float = 0.0, **fields: Any) -> Call:
        """Return a request that changes a venue."""
        return Call("PATCH", f"/venues/{venue_id}", self.token, fields, delay=delay)


def over_http(port: int) -> Callable[[Call], Answer]:
    """Return what sends a call to a server on this machine, on a new connection."""

    def send(call: Call) -> Answer:
        body = None if call.body is None else json.dumps(call.body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        with closing(HTTPConnection("127.0.0.1", port, timeout=MAX_WAIT_SECONDS)) as link:
            link.request(call.method, call.path, body, {**call.headers, **kind})
            response = link.getresponse()
            return Answer(response.status, json.loads(response.read()), response.headers)

    return send


def in_process(app: Flask) -> Callable[[Call], Answer]:
    """Return what gives a call to an application in this process, where a test can reach into it."""

    def send(call: Call) -> Answer:
        sent = {} if call.body is None else {"json": call.body}
        response = app.test_client().open(call.path, method=call.method, headers=call.headers, **sent)
        return Answer(response.status_code, response.get_json(), response.headers)

    return send


def shifts(rounds: int, seconds: float = 0.02) -> list[float]:
    """Return evenly spread shifts from -seconds (the first call is early) to +seconds (the second one is)."""
    return [seconds * (2 * number / (rounds - 1) - 1) for number in range(rounds)]


def _account(*, is_owner: bool) -> Document:
    account_id, now = ObjectId(), utc_now()
    return {
        "_id": account_id,
        "full_name": "A Person",
        "email": f"{account_id}@example.com",
        "password_hash": None,
        "contact_number": None,
        "is_venue_owner": is_owner,
        "role": "owner" if is_owner else "user",
        "auth_provider": "password",
        "token_version": 0,
        "created_at": now,
        "updated_at": now,
    }


def _venue(owner: Person) -> Document:
    now, dates = utc_now(), [DATE, OTHER_DATE]
    return {
        "owner_id": owner.id,
        "venue_name": "Pearl Hall",
        "type": "Hall",
        "address": "1 Main Road, Karachi",
        "maps_location": {"type": "Point", "coordinates": [67.0, 24.86]},
        "capacity": 200,
        "dates_available": dates,
        "pricing": {"overrides": [{"date": date, "price": OLD_PRICE} for date in dates]},
        "space_sqft": None,
        "amenities": {},
        "additional_description": "",
        "pictures": [],
        "videos": [],
        "created_at": now,
        "updated_at": now,
    }
