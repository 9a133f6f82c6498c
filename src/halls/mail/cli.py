"""`halls mail`: looking after the letters that wait or are dead."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
from bson import ObjectId

from halls.cli.database import open_database
from halls.cli.output import AS_JSON, print_table
from halls.clock import utc_now
from halls.outbox.store import list_entries, requeue_entries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halls.config import Config
    from halls.mongo.client import Db, Document


@click.command("mail")
@AS_JSON
@click.option("--requeue", "requeue", is_flag=True, help="Make dead e-mails due again: those named, or all.")
@click.argument("entry_ids", nargs=-1)
@click.pass_obj
def mail_command(config: Config, *, as_json: bool, requeue: bool, entry_ids: tuple[str, ...]) -> None:
    """List the e-mails that wait or are dead, or send dead ones again. Never shows the receivers."""
    with open_database(config) as db:
        if requeue:
            _requeue(db, entry_ids, as_json=as_json)
        else:
            _print_entries(db, as_json=as_json)


def _print_entries(db: Db, *, as_json: bool) -> None:
    """Print what waits and what is dead, oldest first; never to whom."""
    emails = list_entries(db)
    if as_json:
        click.echo(json.dumps([_facts(email) for email in emails]))
        return
    if emails:
        print_table(list(_facts(emails[0])), [list(_facts(email).values()) for email in emails])
    click.echo(f"{len(emails)} e-mails wait or are dead.")


def _requeue(db: Db, entry_ids: Sequence[str], *, as_json: bool) -> None:
    """Make dead letters due now: those named, or all. Raises click.BadParameter for what is no id."""
    bad = [text for text in entry_ids if not ObjectId.is_valid(text)]
    if bad:
        raise click.BadParameter(f"not an entry id: {', '.join(bad)}")
    ids = [ObjectId(text) for text in entry_ids] or None
    count = requeue_entries(db, utc_now(), ids)
    click.echo(json.dumps({"requeued": count}) if as_json else f"{count} letters are due again.")


def _facts(email: Document) -> dict[str, object]:
    due_at = email["due_at"].isoformat(timespec="seconds")
    reason = email.get("reason", "")
    return {
        "id": str(email["_id"]),
        "kind": email["kind"],
        "status": email["status"],
        "tries": email["tries"],
        "due_at": due_at,
        "reason": reason,
    }
