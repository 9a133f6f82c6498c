"""`halls account`: operators create, list, suspend and restore accounts, and help their holders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from halls.accounts import administration, suspension
from halls.accounts.security_log import SecurityLog
from halls.bookings.operator_cancellation import cancel_requests
from halls.cli.confirmation import YES, confirm
from halls.cli.database import open_existing_database, open_prepared_database
from halls.cli.output import AS_JSON, print_table
from halls.cli.parameters import read_options
from halls.clock import utc_now
from halls.http.json_encoding import write_json, write_plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.config import Config
    from halls.mongo.client import Db

EMAIL = click.argument("email", metavar="EMAIL")
COLUMNS = ("id", "email", "full_name", "role", "email_verified", "suspended_at", "created_at")


@click.group("account")
def account_command() -> None:
    """Create, list, suspend and restore accounts, and help their holders."""


@account_command.command("create")
@AS_JSON
@click.option("--full-name", help="The name of the person.")
@click.option("--contact-number", help="The telephone number.")
@click.option("--owner", "is_venue_owner", is_flag=True, help="The account may register venues.")
@EMAIL
@click.pass_obj
def create_command(config: Config, /, *, as_json: bool, **options: Any) -> None:
    """Create an account without a password. Its holder takes it over with a reset link.

    No e-mail is sent. `halls account reset-link` makes a link, or the holder requests one on the page for the login.
    """
    given = read_options(administration.AccountOptions, **options)
    with open_prepared_database(config) as db:
        account = administration.create_account(db, given, utc_now())
        described = administration.describe_account(db, account, utc_now())
    SecurityLog(config).record("operator_create", account_id=account.id)
    _print(described, f"Created account {account.id} of {account.email}.", as_json=as_json)


@account_command.command("list")
@AS_JSON
@click.option("--owners", "only_owners", is_flag=True, help="Only accounts that may register venues.")
@click.option("--suspended", "only_suspended", is_flag=True, help="Only suspended accounts.")
@click.pass_obj
def list_command(config: Config, *, only_owners: bool, only_suspended: bool, as_json: bool) -> None:
    """List the accounts, oldest first."""
    with open_existing_database(config) as db:
        rows = list(administration.list_accounts(db, only_owners=only_owners, only_suspended=only_suspended))
    if as_json:
        click.echo(write_json(rows))
    else:
        print_table(COLUMNS, [[write_plain(row[name]) for name in COLUMNS] for row in rows])


@account_command.command("show")
@AS_JSON
@EMAIL
@click.pass_obj
def show_account_command(config: Config, *, email: str, as_json: bool) -> None:
    """Show an account, and the numbers of its venues and of its upcoming requests without an answer."""
    with open_existing_database(config) as db:
        described = administration.describe_account(db, administration.get_account(db, email), utc_now())
    _print(described, "\n".join(f"{name}: {write_plain(value)}" for name, value in described.items()), as_json=as_json)


@account_command.command("suspend")
@AS_JSON
@YES
@click.option("--cancel-requests", "cancels", is_flag=True, help="Also cancel the requests that have no answer yet.")
@EMAIL
@click.pass_obj
def suspend_command(config: Config, *, email: str, cancels: bool, is_agreed: bool, as_json: bool) -> None:
    """Suspend an account: no login, no valid token, and its venues are out of search and take no new bookings.

    Bookings already made stay. --cancel-requests cancels the upcoming requests of the account as a guest, and asks for
    confirmation. Repeat the command if it was interrupted.
    """
    with open_existing_database(config) as db:
        account = administration.get_account(db, email)
        if cancels:
            confirm(f"Cancel all requests of {account.email}? It can't be undone.", is_agreed=is_agreed)
        venues = suspension.suspend_account(db, account.id, utc_now())
        SecurityLog(config).record("operator_suspend", account_id=account.id)
        requests = cancel_requests(db, account.id, utc_now()) if cancels else 0
        described = administration.describe_account(db, account, utc_now())
    result = {**described, "changed_venues": venues, "cancelled_requests": requests}
    fact = f"Suspended {account.email}. Taken out of search: {venues} venues. Cancelled: {requests} requests."
    _print(result, fact, as_json=as_json)


@account_command.command("restore")
@AS_JSON
@EMAIL
@click.pass_obj
def restore_command(config: Config, *, email: str, as_json: bool) -> None:
    """End the suspension of an account. Venues that the owner had paused stay paused, hidden venues stay hidden."""
    with open_existing_database(config) as db:
        account = administration.get_account(db, email)
        venues = suspension.restore_account(db, account.id, utc_now())
        SecurityLog(config).record("operator_restore", account_id=account.id)
        described = administration.describe_account(db, account, utc_now())
    fact = f"{account.email} is not suspended."
    if account.is_suspended or venues:
        fact = f"Restored {account.email}, and {venues} venues. The holder has to log in again."
    _print({**described, "changed_venues": venues}, fact, as_json=as_json)


@account_command.command("make-owner")
@AS_JSON
@EMAIL
@click.pass_obj
def make_owner_command(config: Config, *, email: str, as_json: bool) -> None:
    """Let an account register venues. An owner stays an owner."""
    _change(config, email, administration.make_owner, "an owner", as_json=as_json)


@account_command.command("verify")
@AS_JSON
@EMAIL
@click.pass_obj
def verify_command(config: Config, *, email: str, as_json: bool) -> None:
    """Make the e-mail address of an account verified. Check first that the mailbox is theirs."""
    _change(config, email, administration.verify_account, "verified", as_json=as_json)


@account_command.command("reset-link")
@AS_JSON
@EMAIL
@click.pass_obj
def reset_link_command(config: Config, *, email: str, as_json: bool) -> None:
    """Print a link that sets a new password once. Pass it on only to the holder of the account.

    It works for RESET_TOKEN_TTL_MINUTES. It does not verify the e-mail address, and does not end a suspension.
    """
    with open_existing_database(config) as db:
        account = administration.get_account(db, email)
        made = administration.make_reset_link(db, config, account, utc_now())
    SecurityLog(config).record("operator_reset_link", account_id=account.id)
    result = {"email": account.email, **made._asdict()}
    _print(result, f"{made.link}\nIt works once, until {write_plain(made.expires_at)}.", as_json=as_json)


def _change(
    config: Config, email: str, change: Callable[[Db, Account, datetime], bool], state: str, *, as_json: bool
) -> None:
    """Change an account, and print it. `change` returns False if the account is in that state already."""
    with open_existing_database(config) as db:
        account = administration.get_account(db, email)
        is_changed = change(db, account, utc_now())
        described = administration.describe_account(db, account, utc_now())
    if is_changed:
        SecurityLog(config).record(f"operator_{change.__name__}", account_id=account.id)
    fact = f"{account.email} is {state}{'' if is_changed else ' already'}."
    _print({**described, "is_changed": is_changed}, fact, as_json=as_json)


def _print(result: dict[str, Any], text: str, *, as_json: bool) -> None:
    click.echo(write_json(result) if as_json else text)
