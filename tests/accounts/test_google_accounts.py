"""Google sign-in: accounts are created, found and linked, and linking revokes older credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.accounts import google_store, link_store, service, store
from halls.accounts.account import EmailTaken
from halls.accounts.emails import hash_token
from halls.accounts.google import GooglePerson
from halls.accounts.schemas import GoogleSignIn
from halls.clock import utc_now
from tests.accounts.concurrency import at_once, run_before_first_call
from tests.accounts.google_keys import id_token
from tests.api_client import ApiClient, ApiResponse
from tests.factories import EXTERNAL_PASSWORD, PASSWORD, day, insert_user

if TYPE_CHECKING:
    from flask import Flask

    from halls.accounts.account import Account
    from halls.mongo.client import Db

pytestmark = pytest.mark.usefixtures("keys")
EMAIL = "ayesha@example.com"
SUB = "110248495921238986420"
PERSON = GooglePerson(SUB, EMAIL, "Ayesha Siddiqui", is_authority=True)
BODY = GoogleSignIn(id_token="x")


def sign_in(api: ApiClient, token: str | None = None, **fields: Any) -> ApiResponse:
    """Send POST /auth/google."""
    return api.post("/auth/google", {"id_token": token or id_token(), **fields})


def service_sign_in(db: Db, person: GooglePerson = PERSON, **fields: Any) -> Account:
    """Sign in through the service, as a person with a verified token."""
    return service.sign_in_with_google(db, person, GoogleSignIn(id_token="x", **fields), utc_now())


def test_the_first_sign_in_creates_an_account_without_a_password(api: ApiClient, db: Db) -> None:
    profile = sign_in(api, contact_number="0300-1234567", is_venue_owner=True).data["profile"]
    assert {name: profile[name] for name in ("email", "full_name", "contact_number", "role", "auth_provider")} == {
        "email": EMAIL,
        "full_name": "Ayesha Siddiqui",
        "contact_number": "0300-1234567",
        "role": "owner",
        "auth_provider": "google",
    }
    stored = db.users.find_one({})
    assert stored is not None
    assert (stored["google_sub"], stored["password_hash"], stored["is_venue_owner"]) == (SUB, None, True)


def test_a_google_account_has_no_password_for_login_or_change(api: ApiClient) -> None:
    token = sign_in(api).data["token"]
    answers = [
        api.post("/auth/login", {"email": EMAIL, "password": PASSWORD}),
        api.post("/auth/change-password", {"password": PASSWORD, "new_password": "another horse 8"}, token=token),
    ]
    assert [(answer.status, answer.code) for answer in answers] == [(401, "bad_credentials")] * 2


def test_a_sign_in_without_details_creates_a_guest_account(api: ApiClient) -> None:
    profile = sign_in(api, id_token(name=...)).data["profile"]
    assert (profile["role"], profile["contact_number"], profile["full_name"]) == ("user", None, None)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("  Ali  ", "Ali"),
        ("<b>Ali</b>", "<b>Ali</b>"),
        ("علی رضا", "علی رضا"),
        ("n" * 300, "n" * 200),
        ("n" * 199 + " " + "m", "n" * 199),
        ("Ali\r\nBcc: mallory@example.com", None),
        ("Ali\x00", None),
        ("Ali\u202e\u200bRaza\u2028", "AliRaza"),
        ("", None),
        ("   ", None),
        # Letters that look like a blank.
        ("\u3164\u2800", None),
        # Shortened, it ends with a joiner.
        ("n" * 199 + "\u200d" + "m", "n" * 199),
        (7, None),
        (None, None),
        (["Ali"], None),
    ],
)
def test_a_name_is_trimmed_shortened_or_left_out(api: ApiClient, name: Any, stored: str | None) -> None:
    assert sign_in(api, id_token(name=name)).data["profile"]["full_name"] == stored


def test_the_account_is_found_after_googles_address_has_changed(api: ApiClient, db: Db) -> None:
    first = sign_in(api).data["profile"]
    again = sign_in(api, id_token(email="married@example.com", name="Ayesha Khan")).data["profile"]
    assert again == first
    assert db.users.count_documents({}) == 1
    # No account has the new address, so another person can sign up with it.
    api.sign_up(email="married@example.com")
    assert sign_in(api, id_token(email="married@example.com")).data["profile"] == first


def test_signing_in_again_keeps_older_sessions(api: ApiClient) -> None:
    old = sign_in(api).data["token"]
    sign_in(api)
    assert api.get("/auth/me", token=old).status == 200


def test_a_sign_in_upgrades_a_guest_but_never_downgrades_an_owner(api: ApiClient, db: Db) -> None:
    assert sign_in(api).data["profile"]["role"] == "user"
    assert sign_in(api, is_venue_owner=False).data["profile"]["role"] == "user"
    upgraded = sign_in(api, is_venue_owner=True).data
    assert (upgraded["profile"]["role"], upgraded["profile"]["is_venue_owner"]) == ("owner", True)
    assert api.get("/venues/mine", token=upgraded["token"]).status == 200
    for fields in ({"is_venue_owner": False}, {"is_venue_owner": None}, {}):
        assert sign_in(api, **fields).data["profile"]["role"] == "owner"
    stored = db.users.find_one({})
    assert stored is not None
    assert (stored["is_venue_owner"], stored["role"]) == (True, "owner")


def test_a_contact_number_is_set_once_and_never_overwritten(api: ApiClient) -> None:
    assert sign_in(api, contact_number="0300-1234567").data["profile"]["contact_number"] == "0300-1234567"
    assert sign_in(api, contact_number="0300-7654321").data["profile"]["contact_number"] == "0300-1234567"


def test_a_missing_contact_number_is_added_later(api: ApiClient) -> None:
    assert sign_in(api).data["profile"]["contact_number"] is None
    assert sign_in(api, contact_number="0300-1234567").data["profile"]["contact_number"] == "0300-1234567"


def test_linking_a_password_account_revokes_password_tokens_and_resets(api: ApiClient, db: Db) -> None:
    before = api.sign_up(email=EMAIL, full_name="Mallory")
    account_id = ObjectId(before["profile"]["id"])
    link_store.insert_reset(
        db, account_id, hash_token("stolen"), expires_at=utc_now().replace(year=2099), now=utc_now()
    )
    session = sign_in(api).data
    assert (session["profile"]["id"], session["profile"]["auth_provider"]) == (str(account_id), "google")
    assert api.get("/auth/me", token=session["token"]).status == 200
    assert api.get("/auth/me", token=before["token"]).code == "token_revoked"
    assert api.post("/auth/login", {"email": EMAIL, "password": PASSWORD}).code == "bad_credentials"
    reset = api.post("/auth/reset-password", {"token": "stolen", "new_password": "another horse 8"})
    assert reset.code == "bad_reset_token"
    assert db.users.count_documents({}) == 1
    assert db.password_resets.count_documents({}) == 0
    # The next sign-ins find the account by its sub, and revoke nothing.
    assert sign_in(api).data["profile"]["id"] == str(account_id)
    assert api.get("/auth/me", token=session["token"]).status == 200


@pytest.mark.parametrize("fields", [{}, {"google_sub": None}], ids=["absent", "null"])
def test_an_external_account_is_linked_in_any_case_of_the_address(
    api: ApiClient, db: Db, fields: dict[str, None]
) -> None:
    user = insert_user(db, email="AYESHA@Example.com", **fields)
    assert sign_in(api).data["profile"]["id"] == str(user["_id"])
    answer = api.post("/auth/login", {"email": EMAIL, "password": EXTERNAL_PASSWORD})
    assert answer.code == "bad_credentials"


def test_a_linked_account_keeps_its_bookings(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    guest = api.sign_up(email=EMAIL)["token"]
    booking_id = api.book(guest, venue_id, day(1)).data["booking_id"]
    token = sign_in(api).data["token"]
    assert [booking["id"] for booking in api.get("/bookings", token=token).data["bookings"]] == [booking_id]


def test_a_second_google_account_cannot_take_the_address(api: ApiClient, db: Db) -> None:
    first = sign_in(api).data
    answer = sign_in(api, id_token(sub="666"))
    assert (answer.status, answer.code) == (409, "email_taken")
    assert api.get("/auth/me", token=first["token"]).status == 200
    assert db.users.distinct("google_sub") == [SUB]


@pytest.mark.parametrize("exists", [False, True], ids=["new", "a password account"])
def test_concurrent_first_sign_ins_create_one_account(app: Flask, api: ApiClient, db: Db, *, exists: bool) -> None:
    if exists:
        api.sign_up(email=EMAIL)
    token = id_token()
    answers = at_once([lambda: sign_in(ApiClient(app.test_client()), token)] * 8)
    assert {answer.status for answer in answers} == {200}
    assert {answer.data["profile"]["id"] for answer in answers} == {str(db.users.find_one({})["_id"])}  # type: ignore[index] # the account exists
    assert db.users.count_documents({}) == 1
    assert all(api.get("/auth/me", token=answer.data["token"]).status == 200 for answer in answers)


def test_of_two_concurrent_google_accounts_one_gets_the_address(app: Flask, api: ApiClient, db: Db) -> None:
    del api
    tokens = [id_token(sub="one"), id_token(sub="two")] * 3
    answers = at_once([lambda token=token: sign_in(ApiClient(app.test_client()), token) for token in tokens])  # type: ignore[misc] # bound early
    assert sorted(answer.status for answer in answers) == [200] * 3 + [409] * 3
    assert db.users.count_documents({}) == 1


def test_an_account_inserted_during_the_sign_in_is_linked(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    run_before_first_call(monkeypatch, store, "insert_account", lambda: insert_user(db, email=EMAIL))
    account = service_sign_in(db)
    assert (account.auth_provider, account.password_hash, account.token_version) == ("google", None, 1)
    assert db.users.count_documents({}) == 1


def test_a_google_account_inserted_during_the_sign_in_keeps_the_address(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    rival = {"email": EMAIL, "google_sub": "another"}
    run_before_first_call(monkeypatch, store, "insert_account", lambda: insert_user(db, **rival))
    with pytest.raises(EmailTaken):
        service_sign_in(db)


def test_an_address_freed_during_the_sign_in_is_reported_as_taken(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_taken(*_: object) -> Account:
        raise EmailTaken

    monkeypatch.setattr(store, "insert_account", raise_taken)
    with pytest.raises(EmailTaken):
        service_sign_in(db)


def test_the_same_google_account_inserted_with_a_new_address_is_found(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    run_before_first_call(
        monkeypatch, store, "insert_account", lambda: insert_user(db, email="new@example.com", google_sub=SUB)
    )
    assert service_sign_in(db).email == "new@example.com"
    assert db.users.count_documents({}) == 1


def test_one_google_account_is_linked_to_one_of_two_password_accounts(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    insert_user(db, email=EMAIL)
    insert_user(db, email="new@example.com")
    rival = GooglePerson(SUB, "new@example.com", None, is_authority=True)
    run_before_first_call(monkeypatch, google_store, "link_google", lambda: service_sign_in(db, rival))
    assert service_sign_in(db).email == "new@example.com"
    assert db.users.count_documents({"google_sub": SUB}) == 1
    assert db.users.count_documents({"email": EMAIL, "auth_provider": "password"}) == 1
