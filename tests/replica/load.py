"""People who book and cancel while something breaks: each request is kept in mind, and held against what is stored."""

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

    from tests.races.race_client import Event, Person

CLIENTS = 8
VENUES = 300
# How long a client pauses after a request: about twenty a second in all.
PAUSE_SECONDS = 0.3
SETTLE_SECONDS = 30.0
# What promise 12 lets a client wait, and what scenario X3 bars.
LONGEST_SECONDS = 8.0
AWAY = "503 database_unavailable"


@dataclass
class Order:
    """A booking that somebody wants, what he was told of it, and whether he cancelled it."""

    guest: Person
    call: Call
    said: list[str] = field(default_factory=list)
    booking_id: str = ""
    cancelled: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether an answer has told what became of it."""
        return bool(self.said) and self.said[-1][0] in "24"


@dataclass
class Load:
    """What was sent, and all that is wrong with the answers."""

    race_client: RaceClient
    orders: list[Order] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unanswered: int = 0
    acknowledged: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def count(self, said: str) -> int:
        """Return how many orders were told this at last."""
        return sum(order.said[-1:] == [said] for order in self.orders)

    def longest_gap(self) -> float:
        """Return for how many seconds nobody was told that he has booked."""
        moments = sorted(self.acknowledged)
        return max(after - before for before, after in pairwise(moments))

    def share_refused(self) -> float:
        """Return which share of all answers to orders was that the database is away."""
        said = [each for order in self.orders for each in order.said]
        return said.count(AWAY) / len(said)

    def send(self, call: Call) -> str:
        """Send one request; return what was said, or "nothing" when the line broke."""
        try:
            event = self.race_client.ask(call)
        except (OSError, HTTPException):
            self.unanswered += 1
            return "nothing"
        self._look_at(event)
        return event.said

    def place(self, order: Order) -> None:
        """Send an order, and keep the id that it gets."""
        try:
            event = self.race_client.ask(order.call)
        except (OSError, HTTPException):
            self.unanswered += 1
            order.said.append("nothing")
            return
        self._look_at(event)
        order.said.append(event.said)
        if event.said == "201":
            self.acknowledged.append(event.answered)
            order.booking_id = event.answer.data["booking_id"]

    def _look_at(self, event: Event) -> None:
        if event.said == AWAY and "Retry-After" not in event.answer.headers:
            self.problems.append("503 without Retry-After")
        elif event.said[0] == "5" and event.said != AWAY:
            self.problems.append(event.said)
        if event.seconds > LONGEST_SECONDS:
            self.problems.append(f"{event.said} after {event.seconds:.1f} s")

    def run_client(self, number: int, guest: Person, venue_ids: list[ObjectId]) -> None:
        """Order, sometimes cancel, sometimes look, until told to stop."""
        dice = random.Random(number)  # noqa: S311 - a plan that can be repeated, no secret
        while not self.stop.is_set():
            wish = guest.order(dice.choice(venue_ids), dice.choice([DATE, OTHER_DATE]), key=str(ObjectId()))
            order = Order(guest, wish)
            self.orders.append(order)
            self.place(order)
            if order.booking_id and dice.random() < 0.25:
                order.cancelled = self.send(Call("DELETE", f"/bookings/{order.booking_id}", guest.token))
            elif order.booking_id:
                self._look_again(order)
            self.stop.wait(PAUSE_SECONDS)

    def _look_again(self, order: Order) -> None:
        said = self.send(Call("GET", f"/bookings/{order.booking_id}", order.guest.token))
        if said not in {"200", AWAY, "nothing"}:
            self.problems.append(f"booked, but looking at it says {said}")

    def settle(self) -> None:
        """Repeat each order that was not settled, with its own key, until all are."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while open_ones := [order for order in self.orders if not order.is_settled]:
            assert time.monotonic() < deadline, f"{len(open_ones)} orders can't be settled: {open_ones[0].said[-3:]}"
            for order in open_ones:
                self.place(order)


@contextmanager
def under_load(race_client: RaceClient, clients: int = CLIENTS) -> Iterator[Load]:
    """Let people book for as long as the block runs; then let them settle what they were not told."""
    load = Load(race_client)
    venue_ids = race_client.venues(race_client.person(owner=True), VENUES)
    guests = race_client.people(clients)
    # Nobody logs in; but an account without a password is one of the things that must not be.
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


def find_contradictions(load: Load) -> list[str]:
    """Compare what people were told with what is kept; and ask `halls check` for whatever else is wrong."""
    kept = {str(row["_id"]): row for row in load.race_client.db.bookings.find({})}
    lies = list(load.problems)
    for order in load.orders:
        if order.booking_id and order.booking_id not in kept:
            lies.append(f"{order.booking_id} was acknowledged and is gone")
        elif order.cancelled == "200" and kept[order.booking_id]["status"] != "cancelled":
            lies.append(f"{order.booking_id} was cancelled and is not")
    ordered = {order.booking_id for order in load.orders}
    lies += [f"nobody was told of {booking_id}" for booking_id in kept.keys() - ordered]
    active = [(row["venue_id"], row["date"]) for row in kept.values() if row["status"] != "cancelled"]
    lies += [f"booked twice: {place}" for place in set(active) if active.count(place) > 1]
    violations = find_violations(load.race_client.db, day_in_karachi(utc_now()))
    return lies + [f"{name}: {found.message}" for name, found in violations.items()]
