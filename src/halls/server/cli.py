"""`halls serve` and `halls worker`."""

from __future__ import annotations

import errno
import socket
import time
from typing import TYPE_CHECKING

import click
import structlog

from halls.config import inherits_listener, with_secret
from halls.mongo.address import describe_database
from halls.mongo.client import connect
from halls.mongo.embedded import provide_mongod
from halls.server import first_steps
from halls.server.gunicorn_app import serve, work
from halls.server.weak_settings import warn_of_weak_settings

if TYPE_CHECKING:
    from halls.config import Config

log = structlog.get_logger()
LAST_PORT = 65_535
PORT_SECONDS = 3.0


@click.command("serve")
@click.option("--demo", is_flag=True, help="Load demonstration data if the database is empty (not in production).")
@click.pass_obj
def serve_command(config: Config, *, demo: bool) -> None:
    """Serve the API. Without MONGO_URI it starts its own MongoDB, with its data in DATA_DIR."""
    if not inherits_listener():
        _check_address(config)
    warn_of_weak_settings(config, demo=demo)
    config = with_secret(config)
    if demo:
        serve(config, first_steps.load_demo_if_empty, first_steps.print_first_steps)
    else:
        serve(config, lambda _: None, first_steps.print_address)


@click.command("worker")
@click.pass_obj
def worker_command(config: Config) -> None:
    """Run the background tasks: e-mails, the search index, unused uploads. Run one or more in production."""
    with provide_mongod(config) as complete:
        log.info("database", database=describe_database(complete.database_uri))
        db = connect(complete.database_uri, complete.slow_command_ms)
        work(db, complete)
        db.client.close()


def _check_address(config: Config) -> None:
    """Raise click.ClickException if the server can't listen on HOST and PORT.

    Otherwise Gunicorn reports it five times, after MongoDB has started.
    """
    # The workers of a killed server keep the port until they notice its end, within a second.
    deadline = time.monotonic() + PORT_SECONDS
    while (error := _try_address(config)) is not None:
        if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
            raise click.ClickException(_describe_address_error(config, error)) from error
        time.sleep(0.1)


def _try_address(config: Config) -> OSError | None:
    """Return the error of binding HOST and PORT, or None."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family) as probe:
        # The same option as in Gunicorn: otherwise connections that are closing block a restart for a minute.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.host, config.port))
        except OSError as error:
            return error
    return None


def _describe_address_error(config: Config, error: OSError) -> str:
    if error.errno != errno.EADDRINUSE:
        return f"Halls can't listen on port {config.port} of {config.host}: {error.strerror}. Check HOST and PORT."
    free = f"PORT={config.port + 1 if config.port < LAST_PORT else config.port - 1}"
    return f"Port {config.port} on {config.host} is in use. Choose another: {free} make run, or {free} halls serve."
