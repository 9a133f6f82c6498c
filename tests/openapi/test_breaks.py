"""A change that breaks clients of the last release must be announced in the changelog."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

from tests.openapi.document import ROOT, current_document
from tests.openapi.invariants import RELEASED, find_breaks, list_guarantees

DOCUMENT = current_document()


def announces_breaks(changelog: str) -> bool:
    """Tell whether the unreleased section of the changelog announces a breaking change."""
    unreleased = re.search(r"^## \[[0-9.]+\] - Unreleased$(.*?)(^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return unreleased is not None and "Breaking" in unreleased[1]


def breaks_of(document: dict[str, Any]) -> list[str]:
    """Return the guarantees of the current document that `document` breaks."""
    return find_breaks(list_guarantees(DOCUMENT), list_guarantees(document))


def copy_document() -> dict[str, Any]:
    """Return a copy of the current document for changes."""
    return copy.deepcopy(DOCUMENT)


def test_breaking_changes_since_the_release_are_announced() -> None:
    breaks = find_breaks(json.loads(RELEASED.read_text()), list_guarantees(DOCUMENT))
    assert not breaks or announces_breaks((ROOT / "CHANGELOG.md").read_text()), "\n".join(breaks)


def test_the_same_document_breaks_nothing() -> None:
    assert breaks_of(copy_document()) == []


def test_a_removed_route_is_a_break() -> None:
    document = copy_document()
    del document["paths"]["/venues/mine"]
    assert breaks_of(document) == ["GET /venues/mine was removed"]


def test_a_removed_response_field_breaks_every_route_that_returned_it() -> None:
    document = copy_document()
    del document["components"]["schemas"]["Booking"]["properties"]["notes"]
    breaks = breaks_of(document)
    assert "GET /bookings no longer returns 200 data.bookings[].notes: null" in breaks
    assert "POST /bookings no longer returns 201 data.booking.notes: string" in breaks


def test_only_a_required_new_body_field_is_a_break() -> None:
    document = copy_document()
    order = document["components"]["schemas"]["BookingOrder"]
    order["properties"]["colour"] = {"type": "string"}
    assert breaks_of(document) == []
    order["required"].append("colour")
    assert breaks_of(document) == ["POST /bookings requires colour"]


def test_a_removed_parameter_is_a_break() -> None:
    document = copy_document()
    del document["paths"]["/venues/mine"]["get"]["parameters"][0]
    assert breaks_of(document) == ["GET /venues/mine no longer accepts limit"]


def test_only_the_unreleased_section_announces_a_break() -> None:
    assert announces_breaks("## [0.2.0] - Unreleased\n\n- Breaking: no more notes.\n\n## [1.0.0]\n")
    assert not announces_breaks("## [0.2.0] - Unreleased\n\n## [0.1.0]\n\n- Breaking: no more notes.\n")
    assert not announces_breaks("# Changelog\n")
