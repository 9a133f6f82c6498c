"""The safe peer: Flask and PostgreSQL, with the guarantees of Halls for an order, in one transaction.

The order locks the row of the venue's date. A unique index prevents a second active booking. The response is stored
for the Idempotency-Key, and the change for the history. The peer has no rate limits, no log and no metrics.
"""

from __future__ import annotations

import hashlib
import os
import threading
from datetime import datetime, timedelta, timezone
from typing import Any

import jwt
import psycopg
from bson import ObjectId
from flask import Flask, jsonify, request
from psycopg.errors import UniqueViolation
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

app = Flask(__name__)
URI, SECRET = os.environ["POSTGRES_URI"], os.environ["JWT_SECRET"]  # noqa: TID251 - a program of its own
KARACHI = timezone(timedelta(hours=5))
HOLD_HOURS = 168
local = threading.local()

READ_CALLER = "SELECT id, full_name, token_version FROM accounts WHERE id = %s"
READ_ANSWER = """
    SELECT body_hash, answer FROM idempotency_keys
    WHERE account_id = %s AND key = %s AND created_at > now() - interval '1 day'"""
# The date can't be booked or withdrawn, and the venue not be changed, until the transaction ends.
LOCK_DATE = """
    SELECT venues.*, offered.price, owner.full_name AS owner_name, owner.contact_number,
           holder.id AS holder_id, holder.status = 'pending' AND holder.hold_until <= now() AS has_expired
    FROM offered_dates offered
    JOIN venues ON venues.id = offered.venue_id
    JOIN accounts owner ON owner.id = venues.owner_id
    LEFT JOIN bookings holder ON holder.venue_id = offered.venue_id AND holder.date = offered.date
         AND holder.status IN ('pending', 'confirmed')
    WHERE offered.venue_id = %s AND offered.date = %s
    FOR UPDATE OF offered FOR SHARE OF venues"""
EXPIRE = "UPDATE bookings SET status = 'cancelled', updated_at = now() WHERE id = %s AND status = 'pending'"
INSERT_BOOKING = """
    INSERT INTO bookings VALUES (%(id)s, %(venue_id)s, %(date)s, %(user_id)s, %(guests)s, %(status)s, %(price_locked)s,
                                 %(notes)s, %(hold_until)s, %(created_at)s, %(updated_at)s)"""
INSERT_EVENT = "INSERT INTO history (booking_id, seq, at, type, by, changes) VALUES (%s, %s, %s, %s, %s, %s)"
# Replaces only a response that is older than a day. Otherwise no row changes: a concurrent request has the key.
INSERT_ANSWER = """
    INSERT INTO idempotency_keys VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (account_id, key) DO UPDATE SET body_hash = excluded.body_hash, answer = excluded.answer,
        created_at = excluded.created_at WHERE idempotency_keys.created_at <= now() - interval '1 day'"""


class Fault(Exception):
    """An error response."""

    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code


@app.errorhandler(Fault)
def send_fault(fault: Fault) -> Any:
    """Return the error response."""
    return jsonify(ok=False, code=fault.code, error=fault.code.replace("_", " ")), fault.status


@app.post("/bookings")
def book() -> Any:
    """Return the booking, or the stored response to the same request."""
    token = request.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, SECRET, algorithms=["HS256"])
    key, order = request.headers.get("Idempotency-Key"), request.get_json()
    body_hash = hashlib.sha256(request.get_data()).hexdigest()
    caller = find_caller(claims)
    try:
        with connect().transaction():
            answer = key and find_answer(caller["id"], key, body_hash)
            if not answer:
                answer = insert_booking(caller, order)
                if key:
                    insert_answer(caller["id"], key, body_hash, answer)
    except (UniqueViolation, Fault) as error:
        # A concurrent request with the same key may have booked the date.
        answer = key and find_answer(caller["id"], key, body_hash)
        if not answer:
            raise error if isinstance(error, Fault) else Fault(409, "date_taken") from None
    return jsonify(ok=True, data=answer), 201


def connect() -> psycopg.Connection[dict[str, Any]]:
    """Return the connection of this thread."""
    if not hasattr(local, "connection") or local.connection.closed:
        local.connection = psycopg.connect(URI, autocommit=True, row_factory=dict_row)
    connection: psycopg.Connection[dict[str, Any]] = local.connection
    return connection


def find_caller(claims: dict[str, Any]) -> dict[str, Any]:
    """Return the account of a token, unless the account has revoked the token."""
    caller = connect().execute(READ_CALLER, (claims["sub"],)).fetchone()
    if caller is None or caller["token_version"] != claims["token_version"]:
        raise Fault(401, "token_revoked")
    return caller


def find_answer(account_id: str, key: str, body_hash: str) -> Any:
    """Return the response that is stored for a key, or None."""
    stored = connect().execute(READ_ANSWER, (account_id, key)).fetchone()
    if stored and stored["body_hash"] != body_hash:
        raise Fault(422, "idempotency_conflict")
    return stored and stored["answer"]


def insert_answer(account_id: str, key: str, body_hash: str, answer: dict[str, Any]) -> None:
    """Store the response for a key. Raises UniqueViolation if a concurrent request has stored one."""
    now = datetime.now(timezone.utc)  # noqa: TID251 - a program of its own
    if not connect().execute(INSERT_ANSWER, (account_id, key, body_hash, Jsonb(answer), now)).rowcount:
        raise UniqueViolation


def insert_booking(caller: dict[str, Any], order: dict[str, Any]) -> dict[str, Any]:
    """Book the date at its price, and return the response."""
    now = datetime.now(timezone.utc)  # noqa: TID251 - a program of its own
    venue = lock_date(order, now)
    if venue["holder_id"]:
        connect().execute(EXPIRE, (venue["holder_id"],))
        connect().execute(INSERT_EVENT, (venue["holder_id"], 2, now, "expired", "system", Jsonb({})))
    booking = {
        "id": str(ObjectId()),
        "venue_id": venue["id"],
        "user_id": caller["id"],
        "date": order["date"],
        "guests": order["guests"],
        "status": "pending",
        "price_locked": venue["price"],
        "notes": order.get("notes"),
        "hold_until": now + timedelta(hours=HOLD_HOURS),
        "created_at": now,
        "updated_at": now,
    }
    connect().execute(INSERT_BOOKING, booking)
    connect().execute(INSERT_EVENT, (booking["id"], 1, now, "placed", "guest", Jsonb({})))
    return {"booking_id": booking["id"], "booking": show(booking, venue)}


def lock_date(order: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Lock the date, and return it with its venue, the owner and an expired booking."""
    if not isinstance(order["guests"], int) or order["guests"] < 1:
        raise Fault(422, "invalid")
    if order["date"] < now.astimezone(KARACHI).date().isoformat():
        raise Fault(422, "date_in_past")
    venue = connect().execute(LOCK_DATE, (order["venue_id"], order["date"])).fetchone()
    if venue is None:
        known = connect().execute("SELECT 1 FROM venues WHERE id = %s", (order["venue_id"],)).fetchone()
        raise Fault(409, "date_not_offered") if known else Fault(404, "venue_not_found")
    if order["guests"] > venue["capacity"]:
        raise Fault(422, "over_capacity")
    if not venue["is_open"]:
        raise Fault(409, "date_not_offered")
    if venue["holder_id"] and not venue["has_expired"]:
        raise Fault(409, "date_taken")
    return venue


def show(booking: dict[str, Any], venue: dict[str, Any]) -> dict[str, Any]:
    """Return the booking as its guest sees it, in the form of Halls."""
    times = {name: stamp.isoformat() for name, stamp in booking.items() if isinstance(stamp, datetime)}
    place = {"type": "Point", "coordinates": [venue["lng"], venue["lat"]]}
    summary = {name: venue[name] for name in ("id", "venue_name", "address", "type", "picture")}
    number = venue["contact_number"]
    links = {"whatsapp_url": number and f"https://wa.me/{number[1:]}", "call_url": number and f"tel:{number}"}
    contact = {"full_name": venue["owner_name"], "contact_number": number, **links}
    shown = {"cancellation": None, "is_walk_in": False, "venue": {**summary, "maps_location": place}}
    return {**booking, **times, **shown, "contact": contact}
