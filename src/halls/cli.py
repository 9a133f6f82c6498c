"""The `halls` command: what operators and developers type."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete
from pymongo.errors import PyMongoError

from halls import welcome
from halls.apidocs.document import write_document
from halls.app import BLUEPRINTS, COLLECTIONS
from halls.check import describe_breach, find_breaches
from halls.clock import day_in_karachi, utc_now
from halls.config import Config, ConfigError, load_config
from halls.demo.load import load_demo
from halls.listings import commands as listings
from halls.listings.files import UnreadableFile
from halls.listings.importing import BATCH_ROWS, ImportStopped
from halls.logs import set_up_logs
from halls.mail import commands as mail
from halls.mongo.client import Db, connect, is_unavailable
from halls.mongo.embedded import EmbeddedMongoError
from halls.mongo.indexes import ContradictingData, ensure_collections
from halls.search.upkeep import list_catalogued, mend_entries
from halls.server import given_or_embedded, serve, work
from halls.terminal import print_table, show_progress

if TYPE_CHECKING:
    from collections.abc import Iterator

STOPPING = (ConfigError, ContradictingData, EmbeddedMongoError, ImportStopped, UnreadableFile)
SECTIONS = {
    "Serving": ("serve", "demo", "worker"),
    "Data": ("import", "export", "check", "reindex", "indexes", "mail"),
    "For developers": ("openapi", "completion"),
}
EXIT_CODES = "Exit codes: 0 done; 1 refused, stopped, or something was found wrong; 2 typed wrongly."
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")

SHELLS = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


class Commands(click.Group):
    """Lists commands by what they are for; shows what stops us as one message and exit code 1, not as a traceback."""

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, section by section."""
        for section, names in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(90)) for name in names])

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except STOPPING as error:
            raise click.ClickException(str(error)) from error
        except PyMongoError as error:
            if not is_unavailable(error):
                raise
            raise click.ClickException(f"The database does not answer ({type(error).__name__}).") from error


@click.group(cls=Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="halls")
@click.pass_context
def main(context: click.Context) -> None:
    """Halls: a booking service for wedding halls, auditoriums, banquets and lawns.

    Settings come from the environment or a .env file. Without MONGO_URI every command uses the MongoDB that Halls
    keeps in DATA_DIR, also while a server runs on it.
    """
    config = load_config()
    set_up_logs(config.log_level)
    context.obj = config


@contextmanager
def _open_database(config: Config) -> Iterator[Db]:
    with given_or_embedded(config) as complete:
        db = connect(complete.database_uri, complete.slow_command_ms)
        try:
            yield db
        finally:
            db.client.close()


@main.command("serve")
@click.option("--demo", is_flag=True, help="Load demonstration data if the database is empty (not in production).")
@click.pass_obj
def serve_command(config: Config, *, demo: bool) -> None:
    """Serve the API. Without MONGO_URI it brings a MongoDB of its own, kept in DATA_DIR."""
    if demo:
        serve(config, welcome.load_demo_if_empty, welcome.print_first_steps)
    else:
        serve(config, lambda _: None, welcome.print_address)


@main.command("demo")
@click.pass_obj
def demo_command(config: Config) -> None:
    """Load demonstration data into an empty database (not in production)."""
    if config.halls_env == "production":
        raise click.ClickException("Demonstration data has accounts with a known password: not in production.")
    with _open_database(config) as db:
        ensure_collections(db, COLLECTIONS)
        if not load_demo(db, utc_now()):
            raise click.ClickException("The database is not empty. Nothing was changed.")
    click.echo("Loaded demonstration data.")


@main.command("indexes")
@AS_JSON
@click.pass_obj
def indexes_command(config: Config, *, as_json: bool) -> None:
    """Make the indexes that are missing, as every start does, and list all by collection."""
    with _open_database(config) as db:
        ensure_collections(db, COLLECTIONS)
        found = {plan.name: sorted(db[plan.name].index_information()) for plan in COLLECTIONS}
    if as_json:
        click.echo(json.dumps(found))
    else:
        print_table(["collection", "index"], [(name, index) for name, names in found.items() for index in names])


@main.command("check")
@AS_JSON
@click.pass_obj
def check_command(config: Config, *, as_json: bool) -> None:
    """List the stored documents that break a promise, by id. Changes nothing."""
    with _open_database(config) as db:
        breaches = find_breaches(db, day_in_karachi(utc_now()))
        counts = {plan.name: db[plan.name].count_documents({}) for plan in COLLECTIONS}
    if as_json:
        found = {promise: asdict(breach) for promise, breach in breaches.items()}
        click.echo(json.dumps({"ok": not breaches, "checked": counts, "violations": found}))
    else:
        for promise, breach in breaches.items():
            click.echo(describe_breach(promise, breach))
        checked = "Checked " + ", ".join(f"{count} {name}" for name, count in counts.items())
        click.echo(f"{checked}: {len(breaches) or 'no'} broken promises.")
    if breaches:
        sys.exit(1)


@main.command("reindex")
@AS_JSON
@click.pass_obj
def reindex_command(config: Config, *, as_json: bool) -> None:
    """Make anew what search reads of each venue, from what is stored. Safe while servers run."""
    with _open_database(config) as db:
        ensure_collections(db, COLLECTIONS)
        ids = list_catalogued(db)
        for _ in show_progress(mend_entries(db, ids, only_stale=False), "Indexing", len(ids)):
            pass
    click.echo(json.dumps({"venues": len(ids)}) if as_json else f"Indexed {len(ids)} venues.")


@main.command("worker")
@click.pass_obj
def worker_command(config: Config) -> None:
    """Send letters and clear away old uploads until told to stop. Run one or more beside the servers in production."""
    with _open_database(config) as db:
        work(db, config)


@main.command("mail")
@AS_JSON
@click.option("--requeue", "requeue", is_flag=True, help="Make dead letters due again: those named, or all.")
@click.argument("letter_ids", nargs=-1)
@click.pass_obj
def mail_command(config: Config, *, as_json: bool, requeue: bool, letter_ids: tuple[str, ...]) -> None:
    """List the letters that wait or are dead, or send dead ones again. Never shows to whom they go."""
    with _open_database(config) as db:
        if requeue:
            mail.requeue(db, letter_ids, as_json=as_json)
        else:
            mail.show_letters(db, as_json=as_json)


@main.command("openapi")
def openapi_command() -> None:
    """Write the OpenAPI document to openapi.json, as GET /openapi.json answers it."""
    write_document(Path("openapi.json"), BLUEPRINTS)
    click.echo("Wrote openapi.json")


@main.command("completion")
@click.argument("shell", type=click.Choice(list(SHELLS)))
def completion_command(shell: str) -> None:
    """Print what a shell needs to complete `halls` on Tab.

    \b
    bash  halls completion bash > ~/.halls-completion.bash; then add to ~/.bashrc: . ~/.halls-completion.bash
    zsh   the same with zsh and ~/.zshrc
    fish  halls completion fish > ~/.config/fish/completions/halls.fish
    """  # noqa: D301 - as below
    click.echo(SHELLS[shell](main, {}, "halls", "_HALLS_COMPLETE").source())


@main.command("export")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write. [default: stdout]")
@click.pass_obj
def export_command(config: Config, *, output: Path | None) -> None:
    """Write all venues and bookings as JSON that `halls import` reads back.

    It is one document with a line for each. Accounts are named by their e-mail addresses and not written themselves.
    """
    with _open_database(config) as db:
        listings.export_file(db, output)


@main.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--skip-bad", is_flag=True, help=f"Keep the good rows, {BATCH_ROWS} at a time, and report the others.")
@AS_JSON
@click.pass_obj
def import_command(config: Config, *, file: Path, skip_bad: bool, as_json: bool) -> None:
    """Bring in venues from FILE: all of them or, if anything is wrong, none.

    FILE is CSV with a header, a JSON array of venues, one JSON venue a line, or what `halls export` writes, with its
    bookings. A venue has the fields of POST /venues/register and owner_email, the address of its owner's account.
    Every fault is reported with its line, and makes the exit code 1.

    \b
    Columns of CSV, any of them, in any order:
      venue_name, type, address, lat, lng, capacity, space_sqft,
      additional_description, owner_email
      dates_available   2027-01-01;2027-01-05..2027-01-31
      prices            2027-01-01=150000;2027-01-05..2027-01-31=99000
      amenities         water;sound_system
      pictures          https://…;https://…
      videos            https://…=22.5;https://…=8   (each with its size in MB)
    """  # noqa: D301 - the \b is a character, by which click knows what not to wrap

    @contextmanager
    def open_prepared() -> Iterator[Db]:
        with _open_database(config) as db:
            ensure_collections(db, COLLECTIONS)
            yield db

    how = {"skip_bad": skip_bad, "as_json": as_json}
    if not listings.import_file(open_prepared, file, max_video_mb=config.max_video_mb, **how):
        sys.exit(1)


if __name__ == "__main__":
    main()
