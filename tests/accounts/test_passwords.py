"""Passwords: kept as argon2id hashes, compared as typed, and in the same time whoever asks."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest

from halls.accounts import passwords
from halls.accounts.passwords import HASHER, hash_password, password_matches

if TYPE_CHECKING:
    from argon2 import PasswordHasher

BCRYPT = "$2b$12$LQv3c1yqBWVHxkd0LHAkCOYz6TtxMQJqhN8/LewdBPj/RK.s5uGMa"


class CountingHasher:
    """A hasher that remembers which hashes it did the whole work for."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self.hasher = hasher
        self.compared: list[str] = []

    def verify(self, password_hash: str, password: str) -> bool:
        """Compare, and remember a hash in our scheme."""
        if password_hash.startswith("$argon2"):
            self.compared.append(password_hash)
        return self.hasher.verify(password_hash, password)


def test_a_hash_is_argon2id_and_never_the_same_twice() -> None:
    first, second = hash_password("correct horse 7"), hash_password("correct horse 7")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second


@pytest.mark.parametrize("password", ["correct horse 7", " blanks around ", "x" * 128, "شادی مبارک", "a\x00bcdefgh"])
def test_the_same_password_matches(password: str) -> None:
    assert password_matches(hash_password(password), password)


@pytest.mark.parametrize(
    ("kept", "given"),
    [
        ("correct horse 7", "correct horse 8"),
        ("correct horse 7", "Correct horse 7"),
        ("correct horse 7", "correct horse 7 "),
        ("x" * 127 + "a", "x" * 127 + "b"),
        ("caf\N{LATIN SMALL LETTER E WITH ACUTE} 1234", unicodedata.normalize("NFD", "café 1234")),
        ("abcdefgh\x00i", "abcdefgh\x00j"),
    ],
)
def test_another_password_does_not_match(kept: str, given: str) -> None:
    assert not password_matches(hash_password(kept), given)


@pytest.mark.parametrize("kept", [None, "", BCRYPT, "plain text"])
def test_nobody_logs_in_where_there_is_no_hash_of_ours(kept: str | None) -> None:
    assert not password_matches(kept, "plain text")


def test_the_dummy_opens_nothing() -> None:
    assert not password_matches(None, "no account has this password, and none is looked up by it")


@pytest.mark.parametrize("kept", [None, BCRYPT, HASHER.hash("another one")], ids=["none", "bcrypt", "another"])
def test_a_refusal_costs_one_whole_comparison_whatever_is_kept(
    kept: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = CountingHasher(HASHER)
    monkeypatch.setattr(passwords, "HASHER", counting)
    assert not password_matches(kept, "correct horse 7")
    assert len(counting.compared) == 1
    assert counting.compared[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
