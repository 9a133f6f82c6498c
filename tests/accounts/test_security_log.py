"""The security log has each event of an account, and no address, token or other personal data."""

from __future__ import annotations

import json
import re
import stat
import threading
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from halls.accounts import security_log
from halls.accounts.google import GoogleVerifier
from halls.accounts.security_log import SecurityLog, mask_network
from halls.clock import utc_now
from halls.server.startup import make_server_app
from tests.accounts.google_keys import CLIENT as CLIENT_ID
from tests.accounts.google_keys import KeyServer, id_token
from tests.api_client import ApiClient
from tests.commands import run_halls
from tests.conftest import make_config
from tests.factories import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask

    from halls.http.endpoint import Endpoint
    from halls.mongo.client import Db

NAME, NUMBER = "Ayesha Siddiqui", "+92 300 7654321"
EMAIL = "ayesha.siddiqui@example.com"
CLIENT, NETWORK = "203.0.113.77", "203.0.113.0/24"
NEW_PASSWORD = "another lime kettle"
# Routes below /auth that change nothing about the access to an account.
NOT_RECORDED = {"PATCH /auth/me/preferences", "POST /auth/verify-email/send"}


class LoggedApp:
    """An application whose security log is a file of the test."""

    def __init__(self, app: Flask, path: Path) -> None:
        self.app, self.path = app, path
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = CLIENT
        self.api = ApiClient(client)

    def entries(self) -> list[dict[str, Any]]:
        """Return all entries."""
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def events(self) -> list[str]:
        """Return the event and the outcome of each entry."""
        return [f"{entry['event']} {entry['outcome']}" for entry in self.entries()]


@pytest.fixture
def logged(worker_uri: str, db: Db, tmp_path: Path) -> Iterator[LoggedApp]:
    """An application with a security log."""
    path = tmp_path / "new folder" / "security.log"
    app = make_server_app(make_config(mongo_uri=worker_uri, security_log=path))
    assert db is not None
    yield LoggedApp(app, path)
    app.extensions["halls"].db.client.close()


def sign_up(api: ApiClient, **fields: Any) -> Any:
    """Create an account with personal data. Return its session."""
    body = {"email": EMAIL, "password": PASSWORD, "full_name": NAME, "contact_number": NUMBER, "is_venue_owner": True}
    return api.post("/auth/signup", {**body, **fields}).data


def test_each_event_is_recorded_without_personal_data(logged: LoggedApp) -> None:
    api = logged.api
    session = sign_up(api)
    token, account_id = session["token"], session["profile"]["id"]
    other = sign_up(api, email="bilal@example.com")
    api.post("/auth/login", {"email": EMAIL, "password": "wrong password"})
    api.post("/auth/login", {"email": EMAIL.upper(), "password": PASSWORD})
    api.post("/auth/login", {"email": "unknown@example.com", "password": PASSWORD})
    api.post("/auth/signup", {"email": EMAIL, "password": PASSWORD, "is_venue_owner": False})
    api.post("/auth/forgot-password", {"email": EMAIL})
    api.post("/auth/reset-password", {"token": "no such token", "new_password": NEW_PASSWORD})
    api.post("/auth/disown-email", {"token": "no such token"})
    api.post("/auth/verify-email", {"token": "no such token"}, token=token)
    api.patch("/auth/me", {"full_name": "Another Name"}, token=token)
    api.send("PUT", f"/auth/me/blocked/{other['profile']['id']}", token=token)
    api.send("DELETE", f"/auth/me/blocked/{other['profile']['id']}", token=token)
    api.send("POST", "/auth/refresh", token=token)
    api.post("/auth/change-password", {"password": "wrong password", "new_password": NEW_PASSWORD}, token=token)
    newer = api.post("/auth/change-password", {"password": PASSWORD, "new_password": NEW_PASSWORD}, token=token)
    api.send("POST", "/auth/logout", token=token)
    api.post("/auth/logout", {"everywhere": True}, token=newer.data["token"])
    api.delete("/auth/me", body={"password": PASSWORD}, token=other["token"])
    assert logged.events() == [
        *("signup ok", "signup ok", "login bad_credentials", "login ok", "login bad_credentials"),
        *("signup email_taken", "reset_request ok", "reset bad_reset_token", "disown bad_link", "verify bad_link"),
        *("profile_change ok", "block ok", "unblock ok", "refresh ok"),
        *("password_change bad_credentials", "password_change ok", "logout token_revoked", "logout ok"),
        "account_deletion ok",
    ]
    entries = logged.entries()
    failed, succeeded, unknown = entries[2:5]
    assert (failed["account_id"], succeeded["account_id"]) == (None, account_id)
    assert failed["address"] == succeeded["address"] != unknown["address"]
    assert {entry["network"] for entry in entries} == {NETWORK}
    assert (entries[11]["other_id"], entries[17]["sessions"]) == (other["profile"]["id"], "all")
    assert_has_no_secrets(logged.path.read_text(), [token, newer.data["token"]])


def assert_has_no_secrets(text: str, tokens: list[str]) -> None:
    """Check that a log has no value that a client sent or got, and no whole network address."""
    secrets = [NAME, "Another Name", NUMBER, PASSWORD, NEW_PASSWORD, "wrong password", CLIENT, "no such token", *tokens]
    assert [secret for secret in secrets if secret in text] == []
    assert not re.search("@|example|Siddiqui|eyJ", text, re.IGNORECASE)


def test_a_google_account_that_is_linked_is_recorded(
    logged: LoggedApp, keys: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logged.app.extensions["halls"], "google", GoogleVerifier(CLIENT_ID, keys.url))
    sign_up(logged.api, email="ayesha@gmail.com")
    for _ in range(2):
        token = id_token(email="ayesha@gmail.com")
        assert logged.api.post("/auth/google", {"id_token": token}).status == 200
    logged.api.post("/auth/google", {"id_token": "forged"})
    assert logged.events()[1:] == ["google ok", "google ok", "google bad_google_token"]
    assert [entry.get("has_linked") for entry in logged.entries()[1:]] == [True, None, None]
    assert_has_no_secrets(logged.path.read_text(), [token])


def test_an_invalid_body_is_no_event(logged: LoggedApp) -> None:
    logged.api.post("/auth/login", {"email": EMAIL})
    logged.api.post("/auth/login", None)
    logged.api.get("/auth/me")
    assert not logged.path.exists()


def test_each_route_of_accounts_declares_its_event(app: Flask) -> None:
    declared: list[Endpoint] = [vars(view)["endpoint"] for view in app.view_functions.values()]
    missing = {
        f"{row.method} {row.path}"
        for row in declared
        if row.path.startswith("/auth/") and row.method != "GET" and row.security_event is None
    }
    assert missing == NOT_RECORDED


def test_commands_of_operators_are_recorded(worker_uri: str, db: Db, tmp_path: Path) -> None:
    assert db is not None
    path = tmp_path / "security.log"
    for command in (["create"], ["make-owner"], ["verify"], ["verify"], ["suspend"], ["restore"], ["reset-link"]):
        result = run_halls(worker_uri, "account", *command, EMAIL, SECURITY_LOG=str(path))
        assert result.exit_code == 0, result.stderr
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert [entry["event"].removeprefix("operator_") for entry in entries] == [
        *("create", "make_owner", "verify_account", "suspend", "restore", "reset_link")
    ]
    assert {entry["account_id"] for entry in entries} == {str(db.users.find_one()["_id"])}  # type: ignore[index] # exists
    assert_has_no_secrets(path.read_text(), [])


def test_the_hash_of_an_address_needs_the_secret(tmp_path: Path) -> None:
    # Otherwise anyone could find out whether a known address is in the file.
    hashes = set()
    for secret in ("first-secret-of-the-log-0123456789", "second-secret-of-the-log-0123456789"):
        path = tmp_path / secret
        SecurityLog(make_config(security_log=path, jwt_secret=secret)).record("login", email=EMAIL)
        hashes.add(json.loads(path.read_text())["address"])
    assert len(hashes) == 2


def test_entries_of_many_threads_are_whole_lines_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "security.log"
    logs = [SecurityLog(make_config(security_log=path)) for _ in range(8)]
    threads = [
        threading.Thread(target=lambda log=log: [log.record("login", text="x" * 3000) for _ in range(50)])
        for log in logs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == ["login"] * 400
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_written_fails_no_request(
    worker_uri: str, db: Db, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert db is not None
    app = make_server_app(make_config(mongo_uri=worker_uri, security_log=tmp_path))
    assert ApiClient(app.test_client()).sign_up()["profile"]["email"]
    assert capsys.readouterr() is not None
    app.extensions["halls"].db.client.close()


def test_a_moved_file_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "security.log"
    log = SecurityLog(make_config(security_log=path))
    log.record("login")
    path.rename(tmp_path / "security.log.1")
    log.record("logout")
    assert json.loads(path.read_text())["event"] == "logout"
    assert json.loads(path.read_text())["at"][:10] == utc_now().date().isoformat()


def count_entries(path: Path) -> Counter[str]:
    """Return how many entries each event has, and delete the file."""
    events = Counter(json.loads(line)["event"] for line in path.read_text().splitlines())
    path.unlink()
    return events


def test_a_flood_of_one_network_cannot_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(security_log, "time", SimpleNamespace(monotonic=lambda: clock.now))
    path = tmp_path / "security.log"
    log = SecurityLog(make_config(security_log=path, rate_limits="on"))
    for _ in range(1_000):
        log.record("logout", "missing_token", network=NETWORK)
    log.record("login", network="198.51.100.0/24")
    log.record("operator_suspend")
    assert count_entries(path) == {"logout": 300, "omitted": 1, "login": 1, "operator_suspend": 1}
    clock.now += 60
    log.record("login", network=NETWORK)
    assert count_entries(path) == {"login": 1}


def test_a_customer_with_many_networks_cannot_fill_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "security.log"
    log = SecurityLog(make_config(security_log=path, rate_limits="on"))
    for number in range(6_000):
        log.record("logout", "missing_token", network=f"2001:db8:a:{number:x}::/64")
    log.record("login", network="2001:db8:b::/64")
    assert count_entries(path) == {"logout": 16 * 300, "omitted": 1, "login": 1}


def test_the_counts_of_many_networks_take_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security_log, "MAX_NETWORKS", 10)
    log = SecurityLog(make_config(security_log=tmp_path / "security.log", rate_limits="on"))
    for number in range(100):
        log.record("login", network=f"10.0.{number}.0/24")
    assert len(log._counts) <= 10  # noqa: SLF001 - the memory is the subject


def test_without_rate_limits_each_event_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "security.log"
    log = SecurityLog(make_config(security_log=path))
    for _ in range(400):
        log.record("logout", network=NETWORK)
    assert count_entries(path) == {"logout": 400}


@pytest.mark.parametrize(
    ("network", "masked"),
    [("203.0.113.77", NETWORK), ("2001:db8:1:2::/64", "2001:db8:1:2::/64"), ("unknown", "unknown")],
)
def test_a_network_is_a_24_or_a_64(network: str, masked: str) -> None:
    assert mask_network(network) == masked
