"""Pictures of the demonstration venues: drawings, stored as uploads of an owner."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from halls.uploads.local_storage import StoreUnusable, UploadTicket, public_url_of, save_file, storage_folder

if TYPE_CHECKING:
    from bson import ObjectId

    from halls.config import Config
    from halls.venues.venue import VenueDocument

FOLDER = Path(__file__).resolve().parent / "pictures"
# Two drawings of each scene.
PALETTES = ("0", "3")


def add_pictures(config: Config, owner_id: ObjectId, venues: list[VenueDocument]) -> list[VenueDocument]:
    """Store the drawings as files that the owner has uploaded. Return the venues, those of the owner with pictures.

    If the disk is nearly full, the venues stay without pictures.
    """
    try:
        urls = {path.stem: _store(config, owner_id, path.read_bytes()) for path in sorted(FOLDER.glob("*.webp"))}
    except StoreUnusable:
        return venues
    return [
        {**venue, "pictures": _choose(urls, venue, turn)} if venue["owner_id"] == owner_id else venue
        for turn, venue in enumerate(venues)
    ]


def _store(config: Config, owner_id: ObjectId, data: bytes) -> str:
    key = f"venues/{owner_id}/{_name(data)}"
    save_file(storage_folder(config), UploadTicket(key, len(data)), [data])
    return public_url_of(config, key)


def _name(data: bytes) -> str:
    # The same at each load: otherwise each would store the files again.
    return f"{hashlib.sha256(data).hexdigest()[:32]}.webp"


def _choose(urls: dict[str, str], venue: VenueDocument, turn: int) -> list[str]:
    """Return the URLs of three pictures: the venue, its gate and a table."""
    # The types change with each turn, so the palette changes after ten.
    palette = PALETTES[turn // 10 % len(PALETTES)]
    return [urls[f"{scene}-{palette}"] for scene in (str(venue["type"]).lower(), "gate", "table")]
