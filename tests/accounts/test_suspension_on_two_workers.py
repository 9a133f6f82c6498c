"""A suspension by the command line is felt at once by both workers of a running server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tests.commands import run_halls
from tests.factories import PASSWORD, day
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.api_client import ApiResponse

EMAIL = "owner@example.com"
LOGIN = {"email": EMAIL, "password": PASSWORD}
# Both workers answer some of so many requests, each of which has its own connection.
REQUESTS = 32


def repeat(send: Callable[[], ApiResponse], at_once: int = 16) -> set[tuple[int, Any]]:
    """Send a request REQUESTS times, some at once. Return the statuses and codes of the responses."""
    with ThreadPoolExecutor(at_once) as pool:
        answers = list(pool.map(lambda _: send(), range(REQUESTS)))
    return {(answer.status, answer.json.get("code")) for answer in answers}


def test_a_suspension_is_felt_at_once_by_both_workers(fresh_uri: str, tmp_path: Path) -> None:
    with running_server(mongo_uri=fresh_uri, folder=tmp_path, WEB_WORKERS="2", WEB_THREADS="8") as server:
        api = server.api
        api.wait_until_ready()
        token, guest = api.sign_up(owner=True, email=EMAIL)["token"], api.guest()
        venue_id = api.list_venue(token)
        booking_id = api.book(guest, venue_id, day(1)).data["booking_id"]
        assert repeat(lambda: api.get("/auth/me", token=token)) == {(200, None)}

        assert run_halls(fresh_uri, "account", "suspend", EMAIL).exit_code == 0
        assert repeat(lambda: api.get("/auth/me", token=token)) == {(401, "token_revoked")}
        assert repeat(lambda: api.post("/auth/login", LOGIN), at_once=2) == {(403, "suspended")}
        assert repeat(lambda: api.book(guest, venue_id, day(2))) == {(409, "date_not_offered")}
        found = [api.get("/venues/search").data["venues"] for _ in range(REQUESTS)]
        assert found == [[]] * REQUESTS
        assert api.get(f"/bookings/{booking_id}", token=guest).data["booking"]["status"] == "pending"

        assert run_halls(fresh_uri, "account", "restore", EMAIL).exit_code == 0
        assert repeat(lambda: api.post("/auth/login", LOGIN), at_once=2) == {(200, None)}
        assert repeat(lambda: api.get("/auth/me", token=token)) == {(401, "token_revoked")}
        found = [api.get("/venues/search").data["venues"] for _ in range(REQUESTS)]
        assert all([venue["id"] for venue in venues] == [venue_id] for venues in found)
        assert api.book(guest, venue_id, day(2)).status == 201
        assert "Traceback" not in server.log_text()
