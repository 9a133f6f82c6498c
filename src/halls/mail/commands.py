"""`halls mail`: looking after the letters that wait or are dead."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
from bson import ObjectId

from halls.clock import utc_now
from halls.mail.outbox import list_letters, requeue_letters
from halls.terminal import print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halls.mongo.client import Db, Document


def show_letters(db: Db, *, as_json: bool) -> None:
    """Print what waits and what is dead, oldest first; never to whom."""
    letters = list_letters(db)
    if as_json:
        click.echo(json.dumps([_facts(letter) for letter in letters]))
        return
    if letters:
        print_table(list(_facts(letters[0])), [list(_facts(letter).values()) for letter in letters])
    click.echo(f"{len(letters)} letters wait or are dead.")


def requeue(db: Db, letter_ids: Sequence[str], *, as_json: bool) -> None:
    """Make dead letters due now: those named, or all. Raises click.BadParameter for what is no id."""
    bad = [text for text in letter_ids if not ObjectId.is_valid(text)]
    if bad:
        raise click.BadParameter(f"no letter's id: {', '.join(bad)}")
    ids = [ObjectId(text) for text in letter_ids] or None
    count = requeue_letters(db, utc_now(), ids)
    click.echo(json.dumps({"requeued": count}) if as_json else f"{count} letters are due again.")


def _facts(letter: Document) -> dict[str, object]:
    due_at = letter["due_at"].isoformat(timespec="seconds")
    reason = letter.get("reason", "")
    return {
        "id": str(letter["_id"]),
        "kind": letter["kind"],
        "status": letter["status"],
        "tries": letter["tries"],
        "due_at": due_at,
        "reason": reason,
    }
