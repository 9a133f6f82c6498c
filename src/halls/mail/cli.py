"""`halls mail`: lists the entries of the outbox, makes dead ones due again, and sends a test e-mail."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from bson import ObjectId

from halls.accounts.schemas import normalise_email
from halls.cli.database import open_existing_database
from halls.cli.output import AS_JSON, print_table
from halls.clock import utc_now
from halls.mail.trial import send_test_email
from halls.outbox.entry import STATES, state_of
from halls.outbox.store import count_entries, list_entries, requeue_entries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from halls.config import Config
    from halls.mongo.client import Db
    from halls.outbox.entry import OutboxEntry


def _check_address(_context: click.Context, _option: click.Parameter, address: str | None) -> str | None:
    if address is None:
        return None
    try:
        return normalise_email(address)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("mail")
@AS_JSON
@click.option("--requeue", "requeue", is_flag=True, help="Make dead e-mails due again: the given ones, or all.")
@click.option("--test", "address", metavar="ADDRESS", callback=_check_address, help="Send a test e-mail to ADDRESS.")
@click.argument("entry_ids", nargs=-1)
@click.pass_obj
def mail_command(
    config: Config, *, as_json: bool, requeue: bool, address: str | None, entry_ids: tuple[str, ...]
) -> None:
    """List the e-mails that are due now, scheduled for later, or dead, or send dead ones again.

    The list does not contain the recipients. --test uses no database: it sends an e-mail at once, with the SMTP_
    settings, and prints the response of the mail server. The exit code is 1 if the server did not accept the e-mail.
    """
    if address is not None and (requeue or entry_ids):
        raise click.UsageError("--test can't be combined with --requeue and ids.")
    if entry_ids and not requeue:
        raise click.UsageError("Ids need --requeue.")
    if malformed := [text for text in entry_ids if not ObjectId.is_valid(text)]:
        raise click.BadParameter(f"not an id of an e-mail: {', '.join(malformed)}")
    if address is not None:
        _send_test(config, address, as_json=as_json)
        return
    with open_existing_database(config) as db:
        if requeue:
            _requeue(db, entry_ids, as_json=as_json)
        else:
            _print_entries(db, utc_now(), as_json=as_json)


def _send_test(config: Config, address: str, *, as_json: bool) -> None:
    trial = send_test_email(config, address)
    if as_json:
        click.echo(json.dumps(asdict(trial)))
    elif trial.ok:
        click.echo(f"{trial.server} accepted the e-mail to {trial.to}: {trial.response}")
    else:
        fact = f"{trial.server} did not accept the e-mail to {trial.to}. " if trial.server else ""
        response = f"\nThe server responded: {trial.response}" if trial.response else ""
        click.echo(f"Error: {fact}{trial.error}{response}", err=True)
    if not trial.ok:
        sys.exit(1)


def _print_entries(db: Db, now: datetime, *, as_json: bool) -> None:
    rows = [_describe(entry, now) for entry in list_entries(db)]
    if as_json:
        click.echo(json.dumps(rows))
        return
    if rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    counts = count_entries(db, now).by_state
    click.echo(", ".join(f"{counts[state]} {state}" for state in STATES))


def _requeue(db: Db, entry_ids: Sequence[str], *, as_json: bool) -> None:
    """Make dead e-mails due now: the given ones, or all."""
    count = requeue_entries(db, utc_now(), [ObjectId(text) for text in entry_ids] or None)
    click.echo(json.dumps({"requeued": count}) if as_json else f"due again: {count}")


def _describe(entry: OutboxEntry, now: datetime) -> dict[str, object]:
    return {
        "id": str(entry["_id"]),
        "kind": entry["kind"],
        "status": state_of(entry, now),
        "tries": entry["tries"],
        "due_at": entry["due_at"].isoformat(timespec="seconds"),
        "reason": entry.get("reason", ""),
    }
