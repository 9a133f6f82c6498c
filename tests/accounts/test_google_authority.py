"""Google sign-in meets an existing account: Google is believed about an address only where it is the authority."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.accounts.conftest import links_in
from tests.accounts.google_keys import id_token
from tests.accounts.test_google_accounts import sign_in
from tests.factories import PASSWORD, WRITTEN_AT, insert_owner, insert_venue

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.accounts.conftest import Mail
    from tests.api_client import ApiClient

pytestmark = pytest.mark.usefixtures("keys")
EMAIL = "ayesha@example.com"
GMAIL = "ayesha@gmail.com"
NOT_AUTHORITATIVE: list[dict[str, Any]] = [
    {"hd": ...},
    {"hd": None},
    {"hd": ""},
    {"hd": True},
    {"hd": ["example.com"]},
    {"hd": "ample.com"},
    {"hd": "mail.example.com"},
    {"hd": "gmail.com"},
    {"email": "ayesha@gmail.com.example.com", "hd": "gmail.com"},
    {"email": "ayesha@notgmail.com", "hd": ...},
]


def users_of(db: Db) -> list[dict[str, Any]]:
    """Return all stored accounts."""
    return list(db.users.find())


@pytest.mark.parametrize("claims", NOT_AUTHORITATIVE, ids=str)
def test_elsewhere_an_existing_account_is_taken_and_unchanged(api: ApiClient, db: Db, claims: dict[str, Any]) -> None:
    session = api.sign_up(email=claims.get("email", EMAIL), full_name="Ayesha", owner=True)
    venue_id = api.list_venue(session["token"])
    before = users_of(db), db.venues.find_one({})
    answer = sign_in(api, id_token(**claims), is_venue_owner=True, contact_number="0300-1234567")
    assert (answer.status, answer.code) == (409, "email_taken")
    assert (users_of(db), db.venues.find_one({})) == before
    assert api.get("/auth/me", token=session["token"]).status == 200
    assert [venue["id"] for venue in api.get("/venues/search").data["venues"]] == [venue_id]


@pytest.mark.parametrize(
    "claims", [{"email": GMAIL, "hd": ...}, {"email": "Ayesha@GMAIL.com"}, {"hd": "example.com"}, {"hd": "EXAMPLE.COM"}]
)
def test_where_google_is_the_authority_the_account_is_linked(api: ApiClient, db: Db, claims: dict[str, Any]) -> None:
    first = api.sign_up(email=claims.get("email", EMAIL))
    linked = sign_in(api, id_token(**claims)).data["profile"]
    assert (linked["id"], linked["auth_provider"], linked["email_verified"]) == (first["profile"]["id"], "google", True)
    assert len(users_of(db)) == 1


def test_linking_an_unverified_account_removes_what_it_wrote_of_itself(api: ApiClient, db: Db) -> None:
    squatter = api.sign_up(email=EMAIL, full_name="Mallory", contact_number="0300-6666666", owner=True)["token"]
    listed = [api.list_venue(squatter), api.list_venue(squatter)]
    other = api.list_venue(api.owner())
    profile = sign_in(api).data["profile"]
    assert (profile["full_name"], profile["contact_number"]) == (None, None)
    assert {str(venue["_id"]) for venue in db.venues.find({"is_listed": False})} == set(listed)
    assert [venue["id"] for venue in api.get("/venues/search").data["venues"]] == [other]


def test_the_first_owner_of_a_link_lists_the_venues_again(api: ApiClient) -> None:
    venue_id = api.list_venue(api.sign_up(email=EMAIL, owner=True)["token"])
    token = sign_in(api).data["token"]
    assert api.patch(f"/venues/{venue_id}", {"is_listed": True}, token=token).data["venue"]["is_listed"] is True
    assert [venue["id"] for venue in api.get("/venues/search").data["venues"]] == [venue_id]


def test_linking_a_verified_account_keeps_name_number_and_listings(api: ApiClient, db: Db) -> None:
    token = api.sign_up(email=EMAIL, full_name="Ayesha", contact_number="0300-1234567", owner=True)["token"]
    venue_id = api.list_venue(token)
    db.users.update_one({"email": EMAIL}, {"$set": {"email_verified": True}})
    profile = sign_in(api).data["profile"]
    assert (profile["full_name"], profile["contact_number"]) == ("Ayesha", "0300-1234567")
    assert [venue["id"] for venue in api.get("/venues/search").data["venues"]] == [venue_id]


@pytest.mark.parametrize(("fields", "name"), [({}, "Bilal Khan"), ({"disowned_at": WRITTEN_AT}, None)], ids=str)
def test_an_imported_account_keeps_its_name_a_disowned_one_loses_it(
    api: ApiClient, db: Db, fields: dict[str, Any], name: str | None
) -> None:
    owner = insert_owner(db, email=EMAIL, password_hash=None, **fields)
    insert_venue(db, owner["_id"])
    assert sign_in(api).data["profile"]["full_name"] == name
    assert db.venues.count_documents({"is_listed": False}) == (name is None)


def test_a_new_account_elsewhere_is_unverified_and_gets_the_e_mail(api: ApiClient, all_mail: Mail) -> None:
    session = sign_in(api, id_token(hd=...)).data
    assert (session["profile"]["email_verified"], session["profile"]["auth_provider"]) == (False, "google")
    (delivery,) = all_mail.deliver()
    token = links_in(delivery)["verify-email"]
    answer = api.post("/auth/verify-email", {"token": token}, token=session["token"])
    assert answer.data["profile"]["email_verified"] is True
    assert sign_in(api, id_token(hd=...)).data["profile"]["id"] == session["profile"]["id"]


def test_a_new_account_of_googles_own_is_verified_without_an_e_mail(api: ApiClient, all_mail: Mail) -> None:
    assert sign_in(api).data["profile"]["email_verified"] is True
    assert all_mail.deliver() == []


def test_a_later_sign_in_elsewhere_does_not_verify_the_address(api: ApiClient, db: Db) -> None:
    sign_in(api, id_token(hd=...))
    assert sign_in(api, id_token(hd=...)).data["profile"]["email_verified"] is False
    assert sign_in(api).data["profile"]["email_verified"] is True
    assert len(users_of(db)) == 1


def test_the_holder_of_the_mailbox_ends_the_google_sign_in_by_disowning(api: ApiClient, all_mail: Mail) -> None:
    squatter = sign_in(api, id_token(hd=...)).data["token"]
    (delivery,) = all_mail.deliver()
    assert api.post("/auth/disown-email", {"token": links_in(delivery)["disown-email"]}).status == 200
    assert api.get("/auth/me", token=squatter).code == "token_revoked"
    assert sign_in(api, id_token(hd=...)).code == "email_taken"


def test_the_holder_of_the_mailbox_ends_the_google_sign_in_by_a_reset(api: ApiClient, mail: Mail) -> None:
    sign_in(api, id_token(hd=...))
    token = mail.reset_token(api, EMAIL)
    assert api.post("/auth/reset-password", {"token": token, "new_password": PASSWORD}).status == 200
    assert sign_in(api, id_token(hd=...)).code == "email_taken"
    profile = api.post("/auth/login", {"email": EMAIL, "password": PASSWORD}).data["profile"]
    assert (profile["email_verified"], profile["auth_provider"]) == (True, "password")


def test_a_reset_of_a_verified_account_keeps_the_google_sign_in(api: ApiClient, mail: Mail) -> None:
    first = sign_in(api).data["profile"]
    token = mail.reset_token(api, EMAIL)
    assert api.post("/auth/reset-password", {"token": token, "new_password": PASSWORD}).status == 200
    assert sign_in(api).data["profile"]["id"] == first["id"]
