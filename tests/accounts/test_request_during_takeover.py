"""A request that runs while the holder of the mailbox takes the account over changes nothing in its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from halls.accounts import blocking, store
from halls.bookings import service as bookings
from halls.bookings import walk_ins
from halls.feeds import service as feeds
from halls.uploads import service as uploads
from halls.venues import service as venues
from halls.venues import store as venues_store
from halls.webhooks import service as webhooks
from tests.accounts.concurrency import run_before_first_call
from tests.accounts.conftest import links_in
from tests.accounts.test_disowning import EMAIL, NEW
from tests.accounts.test_outside_access import URL, link_google
from tests.contract_routes import NO_ID
from tests.factories import booking_body, day, upload_body, venue_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.mongo.client import Db
    from tests.accounts.conftest import Mail
    from tests.api_client import ApiClient, ApiResponse

# The requests that create something in the name of the account, the module that locks it, and the collection.

WALK_IN = {"date": day(1), "guests": 10, "guest": {"full_name": "Bilal"}, "offer": True}
REQUESTS: dict[str, tuple[Any, Any, str]] = {
    "POST /feeds": (feeds, {"kind": "guest"}, "feeds"),
    "POST /webhooks": (webhooks, URL, "webhooks"),
    "POST /venues/register": (venues, venue_body(), "venues"),
    "POST /bookings": (bookings, booking_body("OTHER", day(1)), "bookings"),
    "POST /venues/OWN/walk-ins": (walk_ins, WALK_IN, "bookings"),
    "POST /uploads/sign-s3": (uploads, upload_body(), "uploads"),
    f"PUT /auth/me/blocked/{NO_ID}": (blocking, None, "blocked_accounts"),
}
WITH_EACH = pytest.mark.parametrize("row", REQUESTS)


def prepare_reset(api: ApiClient, all_mail: Mail) -> Callable[[], object]:
    """Return the takeover by a reset. Its e-mail is sent before: the deadline of the request counts for it, too."""
    all_mail.deliver()
    assert api.post("/auth/forgot-password", {"email": EMAIL}).status == 200
    (delivery,) = all_mail.deliver()
    body = {"token": links_in(delivery)["reset-password"], "new_password": NEW}

    def take() -> None:
        assert api.post("/auth/reset-password", body).status == 200

    return take


def prepare_google(api: ApiClient, all_mail: Mail) -> Callable[[], object]:
    """Return the takeover by Google."""
    return lambda: link_google(api, all_mail)


def send_during_takeover(
    api: ApiClient,
    all_mail: Mail,
    patch: pytest.MonkeyPatch,
    row: str,
    prepare: Callable[[ApiClient, Mail], Callable[[], object]],
) -> ApiResponse:
    """Send the request of a squatter. The account is taken over before the transaction of the request locks it."""
    squatter = api.sign_up(email=EMAIL, owner=True)["token"]
    ids = {"OWN": api.list_venue(squatter), "OTHER": api.list_venue(api.owner())}
    module, body, _ = REQUESTS[row]
    method, path = row.replace("OWN", ids["OWN"]).split(" ")
    if body and "venue_id" in body:
        body = {**body, "venue_id": ids["OTHER"]}
    run_before_first_call(patch, module, "lock_account", prepare(api, all_mail))
    return api.send(method, path, body, token=squatter)


def count_made(db: Db, row: str) -> int:
    """Return how many documents the request has made. The collection of venues has two before."""
    name = REQUESTS[row][2]
    return db[name].count_documents({}) - (2 if name == "venues" else 0)


@WITH_EACH
def test_a_request_during_a_reset_creates_nothing(
    api: ApiClient, all_mail: Mail, db: Db, monkeypatch: pytest.MonkeyPatch, row: str
) -> None:
    assert send_during_takeover(api, all_mail, monkeypatch, row, prepare_reset).code == "token_revoked"
    assert count_made(db, row) == 0


@pytest.mark.usefixtures("keys")
# The transaction of a walk-in has locked the venue before, so the takeover waits for it.
@pytest.mark.parametrize("row", [row for row in REQUESTS if "walk-ins" not in row])
def test_a_request_during_a_takeover_with_google_creates_nothing(
    api: ApiClient, all_mail: Mail, db: Db, monkeypatch: pytest.MonkeyPatch, row: str
) -> None:
    assert send_during_takeover(api, all_mail, monkeypatch, row, prepare_google).code == "token_revoked"
    assert count_made(db, row) == 0


@WITH_EACH
def test_control_without_the_check_of_the_tokens_it_remains(
    api: ApiClient, all_mail: Mail, db: Db, monkeypatch: pytest.MonkeyPatch, row: str
) -> None:
    monkeypatch.setattr(store, "match_unchanged", lambda account: {"_id": account.id})
    assert send_during_takeover(api, all_mail, monkeypatch, row, prepare_reset).status in {200, 201}
    assert count_made(db, row) == 1


def list_during_takeover(api: ApiClient, all_mail: Mail, patch: pytest.MonkeyPatch) -> ApiResponse:
    """Let a squatter list a venue. Google takes the account over, and unlists its venues, before the change."""
    squatter = api.sign_up(email=EMAIL, owner=True)["token"]
    venue_id = api.list_venue(squatter)
    run_before_first_call(patch, venues_store, "update_venue", lambda: link_google(api, all_mail))
    return api.patch(f"/venues/{venue_id}", {"is_listed": True}, token=squatter)


@pytest.mark.usefixtures("keys")
def test_a_change_during_the_takeover_lists_no_venue(
    api: ApiClient, all_mail: Mail, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list_during_takeover(api, all_mail, monkeypatch).code == "token_revoked"
    assert [venue["is_listed"] for venue in db.venues.find()] == [False]


@pytest.mark.usefixtures("keys")
def test_control_without_the_lock_the_venue_is_listed_again(
    api: ApiClient, all_mail: Mail, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venues, "lock_account", lambda *_: None)
    assert list_during_takeover(api, all_mail, monkeypatch).status == 200
    assert [venue["is_listed"] for venue in db.venues.find()] == [True]
