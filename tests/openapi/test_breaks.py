"""A change that breaks clients of the last release is told in the changelog."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

from tests.openapi.document import ROOT, current_document
from tests.openapi.invariants import RELEASED, find_breaks, list_promises

DOCUMENT = current_document()


def admits_breaks(changelog: str) -> bool:
    """Tell whether the changelog's part about what comes says that something breaks."""
    unreleased = re.search(r"^## \[Unreleased\]$(.*?)(^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return unreleased is not None and "Breaking" in unreleased[1]


def breaks_of(document: dict[str, Any]) -> list[str]:
    """Return what clients of today's document would miss in this one."""
    return find_breaks(list_promises(DOCUMENT), list_promises(document))


def changed() -> dict[str, Any]:
    """Return a copy of the document to change."""
    return copy.deepcopy(DOCUMENT)


def test_what_clients_rely_on_is_kept_or_its_end_is_told() -> None:
    broken = find_breaks(json.loads(RELEASED.read_text()), list_promises(DOCUMENT))
    assert not broken or admits_breaks((ROOT / "CHANGELOG.md").read_text()), "\n".join(broken)


def test_the_same_document_breaks_nothing() -> None:
    assert breaks_of(changed()) == []


def test_a_route_that_goes_is_a_break() -> None:
    document = changed()
    del document["paths"]["/venues/mine"]
    assert breaks_of(document) == ["GET /venues/mine is gone"]


def test_a_field_that_goes_from_an_answer_is_a_break_on_every_route_that_had_it() -> None:
    document = changed()
    del document["components"]["schemas"]["Booking"]["properties"]["notes"]
    broken = breaks_of(document)
    assert "GET /bookings answers without 200 data.bookings[].notes: null" in broken
    assert "POST /bookings answers without 201 data.booking.notes: string" in broken


def test_a_new_field_that_a_body_must_have_is_a_break_and_one_that_it_may_have_is_not() -> None:
    document = changed()
    order = document["components"]["schemas"]["BookingOrder"]
    order["properties"]["colour"] = {"type": "string"}
    assert breaks_of(document) == []
    order["required"].append("colour")
    assert breaks_of(document) == ["POST /bookings needs colour"]


def test_a_parameter_that_goes_is_a_break() -> None:
    document = changed()
    del document["paths"]["/venues/mine"]["get"]["parameters"][0]
    assert breaks_of(document) == ["GET /venues/mine takes no limit"]


def test_the_changelog_admits_a_break_only_under_what_is_to_come() -> None:
    assert admits_breaks("## [Unreleased]\n\n- Breaking: no more notes.\n\n## [1.0.0]\n")
    assert not admits_breaks("## [Unreleased]\n\n## [1.0.0]\n\n- Breaking: no more notes.\n")
    assert not admits_breaks("# Changelog\n")
