"""The text that `halls serve` prints: its address and, with demonstration data, the first steps."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import click
import orjson
from pymongo.errors import ConnectionFailure

from halls.clock import day_in_karachi, utc_now
from halls.demo.load import PASSWORD, load_demo
from halls.http.json_encoding import write_json
from halls.mongo.address import describe_database
from halls.mongo.client import connect
from halls.search.query import search_venues
from halls.search.schemas import SearchQuery

if TYPE_CHECKING:
    from halls.config import Config
    from halls.mongo.client import Db

DAYS_AHEAD = 30


def load_demo_if_empty(config: Config) -> None:
    """Fill an empty database with demonstration data. Raises click.ClickException in production."""
    if config.halls_env == "production":
        raise click.ClickException("--demo creates accounts with a known password. Do not use it in production.")
    db = connect(config.database_uri, config.slow_command_ms)
    if load_demo(db, utc_now(), config):
        click.echo("Loaded demonstration data.")
    db.client.close()


def print_address(config: Config) -> None:
    """Print the address on which the API listens, and the database."""
    click.echo(f"Halls listens on {config.local_url}")
    click.echo(f"Database: {describe_database(config.database_uri)}")


def print_first_steps(config: Config) -> None:
    """Print the address, the demonstration accounts, and three commands that work without changes."""
    print_address(config)
    _print_pages(config)
    db = connect(config.database_uri, config.slow_command_ms)
    try:
        venue_id, day = _find_free_venue(db)
    except ConnectionFailure:
        click.echo("The database does not answer. Start again when it does: then the demonstration data is loaded.")
    else:
        _print_commands(config.local_url, venue_id, day)
    finally:
        db.client.close()


def _print_pages(config: Config) -> None:
    address = config.local_url
    if config.serves_pages:
        click.echo(f"\nOpen {address} in a browser: search, log in, book.")
    click.echo(f"Try the API at {address}/docs")


def _print_commands(address: str, venue_id: str, day: str) -> None:
    as_json = "-H 'Content-Type: application/json'"
    login = (
        f"""curl -s {address}/auth/login {as_json} -d '{{"email":"guest1@halls.example","password":"{PASSWORD}"}}'"""
    )
    order = f"""'{{"venue_id":"{venue_id}","date":"{day}","guests":100}}'"""
    token = f"""$({login} | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')"""
    click.echo(
        f"""
Accounts   owner1@halls.example … owner3, guest1@halls.example … guest4, all with the password: {PASSWORD}

Search     curl -s '{address}/venues/search?near_lat=24.86&near_lng=67.00&date={day}&limit=3'
Log in     {login}
Book       curl -s {address}/bookings {as_json} -H "Authorization: Bearer {token}" -d {order}

Stop with Ctrl-C."""
    )


def _find_free_venue(db: Db) -> tuple[str, str]:
    """Return the id of a venue for 100 guests and a date, a month ahead or later, on which it is free."""
    today = day_in_karachi(utc_now())
    for ahead in range(DAYS_AHEAD, 2 * DAYS_AHEAD):
        day = (date.fromisoformat(today) + timedelta(days=ahead)).isoformat()
        parameters = {"date": day, "capacity_min": "100", "limit": "1"}
        query = SearchQuery.model_validate(parameters)
        for venue in orjson.loads(write_json(search_venues(db, query, today)))["venues"]:
            return venue["id"], day
    return "VENUE_ID", today
