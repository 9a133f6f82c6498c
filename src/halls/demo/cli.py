"""`halls demo`: loads demonstration data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from halls.cli.database import open_prepared_database
from halls.clock import utc_now
from halls.demo.load import load_demo

if TYPE_CHECKING:
    from halls.config import Config


@click.command("demo")
@click.pass_obj
def demo_command(config: Config) -> None:
    """Load demonstration data into an empty database (not in production)."""
    if config.halls_env == "production":
        raise click.ClickException("Demonstration data has accounts with a known password: not in production.")
    with open_prepared_database(config) as db:
        if not load_demo(db, utc_now(), config):
            raise click.ClickException("The database is not empty. Nothing was changed.")
    click.echo("Loaded demonstration data.")
