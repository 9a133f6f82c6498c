"""The routes of the contract as a table: method, path, access, and whether the route reads a body."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One route of the contract."""

    method: str
    path: str
    access: str = "account"
    takes_body: bool = False

    def at(self, record_id: str) -> str:
        """Return the path with `record_id` in it."""
        return self.path.replace(":id", record_id)


ROWS = [
    Row("GET", "/health", "public"),
    Row("GET", "/health/ready", "public"),
    Row("POST", "/auth/signup", "public", takes_body=True),
    Row("POST", "/auth/login", "public", takes_body=True),
    Row("GET", "/auth/me"),
    Row("PATCH", "/auth/me", takes_body=True),
    Row("POST", "/auth/change-password", takes_body=True),
    Row("POST", "/venues/register", "owner", takes_body=True),
    Row("PATCH", "/venues/:id", "owner", takes_body=True),
    Row("DELETE", "/venues/:id", "owner"),
    Row("GET", "/venues/mine", "owner"),
    Row("GET", "/venues/:id", "public"),
    Row("GET", "/venues/search", "public"),
    Row("GET", "/venues/:id/availability", "public"),
    Row("POST", "/bookings", takes_body=True),
    Row("GET", "/bookings"),
    Row("GET", "/bookings/:id"),
    Row("PATCH", "/bookings/:id", takes_body=True),
    Row("DELETE", "/bookings/:id"),
]
PRIVATE = [row for row in ROWS if row.access != "public"]
OWNERS_ONLY = [row for row in ROWS if row.access == "owner"]
WITH_BODY = [row for row in ROWS if row.takes_body]
WITH_ID = [row for row in ROWS if ":id" in row.path]
NO_ID = "0123456789abcdef01234567"


def name_of(row: Row) -> str:
    """Return the name of a row in the test report."""
    return f"{row.method} {row.path}"
