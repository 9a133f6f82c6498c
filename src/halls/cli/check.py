"""`halls check`: finds stored documents that violate an invariant. Changes nothing."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import click
import pymongo

from halls.app import COLLECTIONS, INVARIANTS, TASKS
from halls.cli.database import open_existing_database
from halls.cli.output import AS_JSON
from halls.clock import day_in_karachi, utc_now
from halls.mongo.client import wait_for_majority_commit
from halls.mongo.heartbeats import list_heartbeats
from halls.mongo.indexes import count_documents
from halls.mongo.invariants import check_collection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.config import Config
    from halls.mongo.client import Db
    from halls.mongo.invariants import Violation

CHECK_SECONDS = 600
MAX_LISTED = 20
# A task that works saves a heartbeat every ten seconds.
HEARTBEAT_LIFETIME = timedelta(minutes=2)
NEVER = datetime.min.replace(tzinfo=timezone.utc)


@dataclass
class ViolationSummary:
    """The number of violations of an invariant, and the ids of the first of them."""

    message: str
    count: int = 0
    documents: list[list[str]] = field(default_factory=list)


@click.command("check")
@AS_JSON
@click.pass_obj
def check_command(config: Config, *, as_json: bool) -> None:
    """List the stored documents that violate an invariant, by id, and stopped background tasks. Changes nothing."""
    with open_existing_database(config) as db:
        violations = find_violations(db, day_in_karachi(utc_now()))
        counts = {spec.name: count_documents(db, spec) for spec in COLLECTIONS}
        stopped = find_stopped_tasks(db, utc_now())
    if as_json:
        summaries = {invariant: asdict(summary) for invariant, summary in violations.items()}
        click.echo(
            json.dumps({"ok": not violations, "checked": counts, "violations": summaries, "stopped_tasks": stopped})
        )
    else:
        for invariant, summary in violations.items():
            click.echo(describe_violations(invariant, summary))
        checked = "Checked " + ", ".join(f"{count} {name}" for name, count in counts.items())
        click.echo(f"{checked}: {len(violations) or 'no'} violated invariants.")
        if stopped:
            names = ", ".join(stopped)
            click.echo(f"Background tasks that do not run: {names}. Start `halls worker`, or read its log.")
    if violations:
        sys.exit(1)


def find_violations(db: Db, today: str) -> dict[str, ViolationSummary]:
    """Return a summary for the name of each violated invariant."""
    violations: dict[str, ViolationSummary] = {}
    wait_for_majority_commit(db)
    with pymongo.timeout(CHECK_SECONDS):
        for violation in _find_violations(db, today):
            summary = violations.setdefault(violation.invariant, ViolationSummary(violation.message))
            summary.count += 1
            if len(summary.documents) < MAX_LISTED:
                summary.documents.append(list(violation.documents[:MAX_LISTED]))
    return violations


def find_stopped_tasks(db: Db, now: datetime) -> list[str]:
    """Return the names of the background tasks that have not worked for HEARTBEAT_LIFETIME on any machine."""
    heartbeats = list_heartbeats(db)
    return [task.name for task in TASKS if now - heartbeats.get(task.name, NEVER) > HEARTBEAT_LIFETIME]


def describe_violations(invariant: str, summary: ViolationSummary) -> str:
    """Return the text for a violated invariant. It has document ids only, never personal data."""
    lines = [f"{invariant}: {summary.count} × {summary.message}", *(" ".join(ids) for ids in summary.documents if ids)]
    if summary.count > MAX_LISTED:
        lines.append(f"and {summary.count - MAX_LISTED} more")
    return "\n  ".join(lines)


def _find_violations(db: Db, today: str) -> Iterator[Violation]:
    for spec in COLLECTIONS:
        yield from check_collection(db, spec)
    for invariant in INVARIANTS:
        yield from invariant(db, today)
