"""Clients that book and cancel during a fault; their responses are compared with the stored data."""

from __future__ import annotations

import random
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from itertools import pairwise
from typing import TYPE_CHECKING

from bson import ObjectId

from halls.cli.check import find_violations
from halls.clock import day_in_karachi, utc_now
from tests.races.race_client import DATE, OTHER_DATE, Call, RaceClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.races.race_client import Account, Event

CLIENTS = 8
VENUES = 300
# The pause of a client after a request. All clients together send about twenty requests a second.
PAUSE_SECONDS = 0.3
RETRY_SECONDS = 30.0
# The longest time that a client may wait.
LONGEST_SECONDS = 8.0
UNAVAILABLE = "503 database_unavailable"


@dataclass
class Order:
    """A booking request, the outcomes of its attempts, and the outcome of its cancellation, if any."""

    guest: Account
    call: Call
    outcomes: list[str] = field(default_factory=list)
    booking_id: str = ""
    cancelled: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the last response tells the outcome: a success or a client error."""
        return bool(self.outcomes) and self.outcomes[-1][0] in "24"


@dataclass
class Load:
    """The booking requests, and the problems of all responses."""

    race_client: RaceClient
    orders: list[Order] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unanswered: int = 0
    acknowledged: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def count(self, outcome: str) -> int:
        """Return how many orders have this last outcome."""
        return sum(order.outcomes[-1:] == [outcome] for order in self.orders)

    def longest_gap(self) -> float:
        """Return the longest time between two acknowledged bookings, in seconds."""
        times = sorted(self.acknowledged)
        return max(after - before for before, after in pairwise(times))

    def share_unavailable(self) -> float:
        """Return the share of 503 database_unavailable among all outcomes of orders."""
        outcomes = [outcome for order in self.orders for outcome in order.outcomes]
        return outcomes.count(UNAVAILABLE) / len(outcomes)

    def send(self, call: Call) -> str:
        """Send one request; return its outcome, "no response" if the connection broke."""
        try:
            event = self.race_client.request(call)
        except (OSError, HTTPException):
            self.unanswered += 1
            return "no response"
        self._check(event)
        return event.outcome

    def place(self, order: Order) -> None:
        """Send an order once; save the outcome and the id of its booking."""
        try:
            event = self.race_client.request(order.call)
        except (OSError, HTTPException):
            self.unanswered += 1
            order.outcomes.append("no response")
            return
        self._check(event)
        order.outcomes.append(event.outcome)
        if event.outcome == "201":
            self.acknowledged.append(event.answered)
            order.booking_id = event.answer.data["booking_id"]

    def _check(self, event: Event) -> None:
        if event.outcome == UNAVAILABLE and "Retry-After" not in event.answer.headers:
            self.problems.append("503 without Retry-After")
        elif event.outcome[0] == "5" and event.outcome != UNAVAILABLE:
            self.problems.append(event.outcome)
        if event.seconds > LONGEST_SECONDS:
            self.problems.append(f"{event.outcome} after {event.seconds:.1f} s")

    def run_client(self, number: int, guest: Account, venue_ids: list[ObjectId]) -> None:
        """Send orders until `stop` is set; cancel a quarter of the bookings and read the others."""
        rng = random.Random(number)  # noqa: S311 - a reproducible sequence, not a secret
        while not self.stop.is_set():
            call = guest.order(rng.choice(venue_ids), rng.choice([DATE, OTHER_DATE]), key=str(ObjectId()))
            order = Order(guest, call)
            self.orders.append(order)
            self.place(order)
            if order.booking_id and rng.random() < 0.25:
                order.cancelled = self.send(Call("DELETE", f"/bookings/{order.booking_id}", guest.token))
            elif order.booking_id:
                self._read_booking(order)
            self.stop.wait(PAUSE_SECONDS)

    def _read_booking(self, order: Order) -> None:
        outcome = self.send(Call("GET", f"/bookings/{order.booking_id}", order.guest.token))
        if outcome not in {"200", UNAVAILABLE, "no response"}:
            self.problems.append(f"booked, but GET returns {outcome}")

    def retry_unknown_orders(self) -> None:
        """Repeat each order without a known outcome, with the same key, until its outcome is known."""
        deadline = time.monotonic() + RETRY_SECONDS
        while unknown := [order for order in self.orders if not order.is_known]:
            assert time.monotonic() < deadline, (
                f"{len(unknown)} orders have no known outcome: {unknown[0].outcomes[-3:]}"
            )
            for order in unknown:
                self.place(order)


@contextmanager
def under_load(race_client: RaceClient, clients: int = CLIENTS) -> Iterator[Load]:
    """Send orders concurrently until the block ends; yield the load."""
    load = Load(race_client)
    venue_ids = race_client.venues(race_client.account(owner=True), VENUES)
    guests = race_client.accounts(clients)
    # The accounts do not log in, but `halls check` reports a password account without a hash.
    race_client.db.users.update_many({"password_hash": None}, {"$set": {"password_hash": "$argon2id$"}})
    threads = [
        threading.Thread(target=load.run_client, args=(number, guest, venue_ids)) for number, guest in enumerate(guests)
    ]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.stop.set()
        for thread in threads:
            thread.join()


def find_inconsistencies(load: Load) -> list[str]:
    """Return contradictions between responses and stored bookings, and the violations of `halls check`."""
    stored = {str(row["_id"]): row for row in load.race_client.db.bookings.find({})}
    problems = list(load.problems)
    for order in load.orders:
        if order.booking_id and order.booking_id not in stored:
            problems.append(f"{order.booking_id} was acknowledged but is not stored")
        elif order.cancelled == "200" and stored[order.booking_id]["status"] != "cancelled":
            problems.append(f"{order.booking_id} was cancelled but is still active")
    ordered = {order.booking_id for order in load.orders}
    problems += [f"{booking_id} is stored but was not acknowledged" for booking_id in stored.keys() - ordered]
    active = [(row["venue_id"], row["date"]) for row in stored.values() if row["status"] != "cancelled"]
    problems += [
        f"booked twice: {venue_and_date}" for venue_and_date in set(active) if active.count(venue_and_date) > 1
    ]
    violations = find_violations(load.race_client.db, day_in_karachi(utc_now()))
    return problems + [f"{name}: {summary.message}" for name, summary in violations.items()]
