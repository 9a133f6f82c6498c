"""Words of names and addresses, and searches by the beginnings of words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bson import ObjectId

from halls.search.words import MAX_BEGINNING, MAX_TEXT, list_beginnings, split_words, word_filters
from tests.factories import bare_venue_document, index_all
from tests.search.queries import find_all, names

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

# The word for wedding and the city Lahore, with the letters of an Urdu and of an Arabic keyboard.
WEDDING_URDU, WEDDING_ARABIC = "\u0634\u0627\u062f\u06cc", "\u0634\u0627\u062f\u064a"
LAHORE_URDU, LAHORE_ARABIC = "\u0644\u0627\u06c1\u0648\u0631", "\u0644\u0627\u0647\u0648\u0631"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Al-Noor's 2nd HALL_1", ["al", "noor", "s", "2nd", "hall", "1"]),
        ("Caf\u00e9 Stra\u00dfe", ["cafe", "strasse"]),
        ("Cafe\u0301 \u0130zmir", ["cafe", "izmir"]),
        ("\ufb01ne \u2460", ["fine", "1"]),
        (WEDDING_URDU, [WEDDING_URDU]),
        (WEDDING_ARABIC, [WEDDING_URDU]),
        (LAHORE_ARABIC, [LAHORE_URDU]),
        # Vowel signs, a hamza above ye, a tatweel, and a joiner inside a word.
        ("\u0634\u064e\u0627\u0640\u062f\u200c\u06cc", [WEDDING_URDU]),
        ("\u0634\u0627\u062f\u0626", [WEDDING_URDU]),
        ("\u0643\u06aa\u06a9", ["\u06a9\u06a9\u06a9"]),
        ("\u06c2\u06c0\u06be", ["\u06c1\u06c1\u06c1"]),
        ("  \t-_. ", []),
    ],
)
def test_words_are_the_same_in_every_spelling(text: str, words: list[str]) -> None:
    assert split_words(text) == words


def test_beginnings_have_up_to_eight_letters_and_long_words_are_whole() -> None:
    assert list_beginnings("Hall", "Ha") == ["h", "ha", "hal", "hall"]
    long = "abcdefghijk"
    assert list_beginnings(long) == [long[:length] for length in range(1, MAX_BEGINNING + 1)] + [long]


def test_only_the_first_part_of_an_endless_text_is_indexed() -> None:
    assert list_beginnings("a" * (2 * MAX_TEXT), "") == ["a" * length for length in (*range(1, 9), MAX_TEXT)]


def test_a_word_that_begins_another_one_needs_no_filter() -> None:
    assert word_filters("al alno Al") == [{"words": "alno"}]
    assert len(word_filters("abcdefghij abcdefghi x")) == 3


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("pea", ["Pearl Hall"]),
        ("PEARL hal", ["Pearl Hall"]),
        ("hall pearl", ["Pearl Hall"]),
        ("earl", []),
        ("al-no", ["Al-Noor"]),
        ("noor, al", ["Al-Noor"]),
        ("alnoor", []),
        ("main road", ["Pearl Hall"]),
        ("5 pearl", []),
        ("shadmanabagh", ["Shadmanabagh"]),
        ("shadmanaba", ["Shadmanabad", "Shadmanabagh"]),
        ("shadmanabaghs", []),
        ("s s", ["Shadmanabad", "Shadmanabagh"]),
        (WEDDING_ARABIC, [WEDDING_URDU]),
        ("\u0634\u0627", [WEDDING_URDU]),
        (LAHORE_URDU, [WEDDING_URDU]),
    ],
)
def test_every_word_is_the_beginning_of_a_word_of_name_or_address(
    api: ApiClient, db: Db, q: str, expected: list[str]
) -> None:
    for name in ("Pearl Hall", "Al-Noor", "Shadmanabad", "Shadmanabagh", WEDDING_URDU):
        address = {"Pearl Hall": "1 Main Road", WEDDING_URDU: LAHORE_ARABIC}.get(name, "x")
        db.venues.insert_one(bare_venue_document(ObjectId(), venue_name=name, address=address))
    index_all(db)
    assert sorted(names(find_all(api, q=q))) == expected
