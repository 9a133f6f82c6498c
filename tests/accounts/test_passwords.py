"""Passwords: argon2id hashes, exact comparison, and the same work for every failed login."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.security import generate_password_hash

from halls.accounts import passwords
from halls.accounts.passwords import (
    COMMONEST,
    TooManyAtOnce,
    find_matching_form,
    hash_password,
    needs_new_hash,
    password_matches,
    read_blocklist,
)
from tests.commands import PRODUCTION
from tests.conftest import PRODUCTION_HASHER, make_config
from tests.factories import PASSWORD
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from argon2 import PasswordHasher
    from flask import Flask

    from tests.api_client import ApiClient

HASH_BEFORE_AND_AFTER_A_FORK = """
import os, warnings
from halls.accounts.passwords import hash_password
warnings.simplefilter("ignore", DeprecationWarning)
hash_password("in the server, which creates the demo accounts")
child = os.fork()
hash_password("in the forked worker")
if child:
    raise SystemExit(os.waitpid(child, 0)[1])
"""
BCRYPT = "$2b$12$LQv3c1yqBWVHxkd0LHAkCOYz6TtxMQJqhN8/LewdBPj/RK.s5uGMa"
COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "caf\u00e9 \u0639\u0622 12") for form in ("NFC", "NFD"))
MIXED = "cafe\u0301 \u0639\u0622 12"
ARGON2 = PRODUCTION_HASHER.hash("another one")
# Stored hashes that no password matches.
UNUSABLE = {
    "none": None,
    "another password": ARGON2,
    "bcrypt": BCRYPT,
    "damaged argon2": ARGON2.replace("m=19456", "m=1"),
    "hostile argon2 memory": ARGON2.replace("m=19456", "m=4194304"),
    "hostile argon2 passes": ARGON2.replace("t=2", "t=100000"),
    "hostile argon2 lanes": ARGON2.replace("p=1", "p=1000"),
    "hostile scrypt memory": "scrypt:4194304:8:1$salt$" + "0" * 128,
    "hostile scrypt lanes": "scrypt:32768:8:999$salt$" + "0" * 128,
    "hostile scrypt size": "scrypt:99999999999:8:1$salt$" + "0" * 128,
    "hostile pbkdf2": "pbkdf2:sha256:9999999$salt$" + "0" * 64,
    "hostile pbkdf2 number": "pbkdf2:sha256:9999999999$salt$" + "0" * 64,
    "scrypt of no power of two": "scrypt:32767:8:1$salt$" + "0" * 128,
    "pbkdf2 of no iterations": "pbkdf2:sha256:0$salt$" + "0" * 64,
    "pbkdf2 of another digest": "pbkdf2:whirlpool:1000$salt$" + "0" * 64,
    "pbkdf2 outside ASCII": "pbkdf2:sha256:1$salt$\u0660",
    "scrypt without a hash": "scrypt:32768:8:1$salt",
}


@pytest.fixture(autouse=True)
def _production_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", PRODUCTION_HASHER)


class CountingHasher:
    """A hasher that records the hashes of each full comparison."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self.hasher = hasher
        self.compared: list[str] = []

    def verify(self, password_hash: str, password: str) -> bool:
        """Compare, and record an argon2 hash."""
        if password_hash.startswith("$argon2"):
            self.compared.append(password_hash)
        return self.hasher.verify(password_hash, password)


class BlockedHasher:
    """A hasher that records the passwords whose hashing begins. No hash ends before `may_end` is set."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_end = threading.Event()

    def hash(self, password: str) -> str:
        """Hash after `may_end` is set."""
        self.begun.append(password)
        assert self.may_end.wait(60)
        return PRODUCTION_HASHER.hash(password)


@pytest.fixture
def blocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[BlockedHasher]:
    """Replace the hasher by a blocked one. Other hashes wait a minute for it."""
    hasher = BlockedHasher()
    monkeypatch.setattr(passwords, "HASHER", hasher)
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 60)
    yield hasher
    hasher.may_end.set()


def test_a_hash_is_argon2id_and_differs_each_time() -> None:
    first, second = hash_password("correct horse 7"), hash_password("correct horse 7")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second


@pytest.mark.parametrize("password", ["correct horse 7", " blanks around ", "x" * 128, "شادی مبارک", "a\x00bcdefgh"])
def test_the_same_password_matches(password: str) -> None:
    assert password_matches(hash_password(password), password)


@pytest.mark.parametrize(
    ("password", "typed"),
    [
        ("correct horse 7", "correct horse 8"),
        ("correct horse 7", "Correct horse 7"),
        ("correct horse 7", "correct horse 7 "),
        ("x" * 127 + "a", "x" * 127 + "b"),
        ("abcdefgh\x00i", "abcdefgh\x00j"),
    ],
)
def test_another_password_does_not_match(password: str, typed: str) -> None:
    assert not password_matches(hash_password(password), typed)


@pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED, MIXED])
@pytest.mark.parametrize("hashed", [COMPOSED, DECOMPOSED])
def test_a_password_matches_in_each_unicode_form(hashed: str, typed: str) -> None:
    earlier, ours = PRODUCTION_HASHER.hash(hashed), hash_password(hashed)
    assert find_matching_form(earlier, typed) == hashed
    assert find_matching_form(ours, typed) == COMPOSED
    assert needs_new_hash(earlier, hashed) == (hashed != COMPOSED)
    assert not password_matches(earlier, typed + "x")


def test_a_hash_of_a_mixed_form_matches_the_same_input_only() -> None:
    earlier = PRODUCTION_HASHER.hash(MIXED)
    assert find_matching_form(earlier, MIXED) == MIXED
    assert needs_new_hash(earlier, MIXED)
    assert not password_matches(earlier, COMPOSED)


def test_a_worker_can_hash_after_its_server_hashed_before_the_fork() -> None:
    subprocess.run([sys.executable, "-c", HASH_BEFORE_AND_AFTER_A_FORK], check=True, timeout=30)


@pytest.mark.parametrize("stored", [None, "", BCRYPT, "plain text"])
def test_without_an_argon2_hash_no_password_matches(stored: str | None) -> None:
    assert not password_matches(stored, "plain text")


def test_the_password_of_the_dummy_hash_does_not_match() -> None:
    assert not password_matches(None, "no account has this password, and none is looked up by it")


@pytest.mark.parametrize(
    ("typed", "forms"),
    [("correct horse 7", 1), (COMPOSED, 2), (DECOMPOSED, 2), (MIXED, 3)],
    ids=["ascii", "nfc", "nfd", "mixed"],
)
@pytest.mark.parametrize("stored", UNUSABLE.values(), ids=UNUSABLE)
def test_every_failed_login_costs_a_full_comparison_for_each_form(
    stored: str | None, typed: str, forms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = CountingHasher(PRODUCTION_HASHER)
    monkeypatch.setattr(passwords, "HASHER", counting)
    assert not password_matches(stored, typed)
    assert sum(compared.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for compared in counting.compared) == forms


WERKZEUG_METHODS = ["scrypt", "scrypt:16384:8:2", "pbkdf2", "pbkdf2:sha1:1000", "pbkdf2:sha512:1000"]


@pytest.mark.parametrize("method", WERKZEUG_METHODS)
@pytest.mark.parametrize("hashed", ["correct horse 7", DECOMPOSED])
def test_a_hash_of_werkzeug_matches_its_password_only(method: str, hashed: str) -> None:
    stored = generate_password_hash(hashed, method)
    assert find_matching_form(stored, hashed) == hashed
    assert needs_new_hash(stored, hashed)
    assert not password_matches(stored, hashed + "x")


@pytest.mark.timeout(60)  # without a limit, each of these hashes takes minutes or gigabytes
@pytest.mark.parametrize("name", [name for name in UNUSABLE if name.startswith("hostile")])
def test_a_hostile_hash_does_not_occupy_the_hashing_thread(name: str) -> None:
    started_at = time.monotonic()
    assert not password_matches(UNUSABLE[name], "correct horse 7")
    assert time.monotonic() - started_at < 10


def test_a_second_concurrent_hash_waits_for_the_first(blocked: BlockedHasher) -> None:
    first, second = (threading.Thread(target=hash_password, args=(name,)) for name in ("first", "second"))
    first.start()
    wait_until(lambda: blocked.begun == ["first"])
    second.start()
    second.join(0.2)
    assert blocked.begun == ["first"]
    blocked.may_end.set()
    first.join()
    second.join()
    assert blocked.begun == ["first", "second"]


def test_a_timeout_while_waiting_for_another_hash_gives_retry_after(
    blocked: BlockedHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.05)
    first = threading.Thread(target=hash_password, args=("first",))
    first.start()
    wait_until(lambda: blocked.begun == ["first"])
    with pytest.raises(TooManyAtOnce) as error:
        hash_password("second")
    assert error.value.response_headers["Retry-After"] == "1"
    blocked.may_end.set()
    first.join()
    hash_password("third")
    assert blocked.begun == ["first", "third"]


@pytest.mark.timeout(30)  # the error must come at once, not after 60 seconds
def test_hashes_occupy_at_most_six_threads_of_a_worker(blocked: BlockedHasher) -> None:
    waiting = [threading.Thread(target=hash_password, args=("correct horse 7",)) for _ in range(6)]
    for thread in waiting:
        thread.start()
    wait_until(lambda: passwords.THREADS._value == 0)  # noqa: SLF001 - no public counter
    with pytest.raises(TooManyAtOnce):
        hash_password("one too many")
    blocked.may_end.set()
    for thread in waiting:
        thread.join()
    hash_password("the next")
    assert blocked.begun == ["correct horse 7"] * 6 + ["the next"]


def test_a_blocklist_is_off_builtin_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("Hunter2-hunter2\n")
    assert read_blocklist("off") == frozenset()
    assert read_blocklist(str(tmp_path / "list")) == {"hunter2-hunter2"}
    builtin = read_blocklist("builtin")
    assert len(builtin) == COMMONEST
    assert {"password", "password1"} <= builtin


def test_the_default_blocklist_is_builtin_in_production_only(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text("hunter2\n")
    production = {**PRODUCTION, "mongo_uri": "mongodb://127.0.0.1/halls"}
    settings = {name.lower(): value for name, value in production.items()}
    assert make_config().blocklist == "off"
    assert make_config(**settings).blocklist == "builtin"
    for choice in ("off", "builtin", str(file)):
        assert make_config(**settings, password_blocklist=choice).blocklist == choice
        assert make_config(password_blocklist=choice).blocklist == choice


@pytest.mark.parametrize("path", ["/auth/signup", "/auth/change-password"])
def test_a_listed_password_is_rejected_in_any_case(
    app: Flask, api: ApiClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(app.extensions["halls"], "common_passwords", read_blocklist("builtin"))
    body: dict[str, Any] = {"email": "ali@example.com", "password": "Password1", "is_venue_owner": False}
    field = "password"
    if path != "/auth/signup":
        body, field = {"password": PASSWORD, "new_password": "PASSWORD1"}, "new_password"
    answer = api.post(path, body, token=api.guest())
    assert (answer.status, answer.code, answer.fields) == (422, "validation_error", [field])
    assert "commonest" in answer.json["details"][0]["message"]
