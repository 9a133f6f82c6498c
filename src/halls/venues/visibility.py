"""Rules of visibility: whether the public finds a venue, and whether it takes bookings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from halls.errors import ApiError

if TYPE_CHECKING:
    from datetime import datetime

NOT_OPEN = "The venue takes no bookings at present."


class VenueVisibility(TypedDict, total=False):
    """The fields of a stored venue that these rules read. Absent: the venue is open."""

    # False: the owner has paused the listing.
    is_listed: bool
    # When an operator hid the venue, and when one suspended its owner.
    hidden_at: datetime
    suspended_at: datetime
    # When the account of the owner was deleted. The worker then deletes the venue.
    deleted_at: datetime


class HiddenByOperator(ApiError):
    """The owner lists a venue that an operator has hidden."""

    status, code = 403, "suspended"
    message = "An operator has hidden this venue. You can list it again when the operator shows it."


def is_listed(venue: VenueVisibility) -> bool:
    """Return whether the owner lists the venue. External writers do not know the field: their venues are listed."""
    return venue.get("is_listed") is not False


def is_hidden(venue: VenueVisibility) -> bool:
    """Return whether an operator has hidden the venue. Then only its owner sees it."""
    return venue.get("hidden_at") is not None


def is_deleted(venue: VenueVisibility) -> bool:
    """Return whether the account of the owner is deleted. Then the venue is not found."""
    return venue.get("deleted_at") is not None


def is_open(venue: VenueVisibility) -> bool:
    """Return whether search shows the venue and guests can book it: listed, not hidden, and its owner active."""
    is_shown = is_listed(venue) and not is_hidden(venue) and not is_deleted(venue)
    return is_shown and venue.get("suspended_at") is None
