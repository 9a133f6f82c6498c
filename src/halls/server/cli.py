"""`halls serve` and `halls worker`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from halls.cli.database import open_database
from halls.server import first_steps
from halls.server.gunicorn_app import serve, work

if TYPE_CHECKING:
    from halls.config import Config


@click.command("serve")
@click.option("--demo", is_flag=True, help="Load demonstration data if the database is empty (not in production).")
@click.pass_obj
def serve_command(config: Config, *, demo: bool) -> None:
    """Serve the API. Without MONGO_URI it brings a MongoDB of its own, kept in DATA_DIR."""
    if demo:
        serve(config, first_steps.load_demo_if_empty, first_steps.print_first_steps)
    else:
        serve(config, lambda _: None, first_steps.print_address)


@click.command("worker")
@click.pass_obj
def worker_command(config: Config) -> None:
    """Send e-mails and remove unused uploads until stopped. Run one or more beside the servers in production."""
    with open_database(config) as db:
        work(db, config)
