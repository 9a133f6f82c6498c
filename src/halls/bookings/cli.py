"""`halls booking`: an operator cancels a booking."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import click
from pydantic import Field

from halls.bookings.booking import serialize_booking
from halls.bookings.operator_cancellation import cancel_by_operator
from halls.bookings.store import get_booking
from halls.cli.confirmation import YES, confirm
from halls.cli.database import open_existing_database
from halls.cli.output import AS_JSON
from halls.cli.parameters import read_id_argument, read_options
from halls.clock import utc_now
from halls.http.schema import RequestModel, Text

if TYPE_CHECKING:
    from bson import ObjectId

    from halls.config import Config


class CancelOptions(RequestModel):
    """The options of `halls booking cancel`."""

    reason: Annotated[Text, Field(min_length=1, max_length=500)]


@click.group("booking")
def booking_command() -> None:
    """Cancel a booking as the operator."""


@booking_command.command("cancel")
@AS_JSON
@YES
@click.option("--reason", required=True, help="Guest and owner read it in their e-mails.")
@click.argument("booking_id", metavar="ID", callback=read_id_argument)
@click.pass_obj
def cancel_command(config: Config, *, booking_id: ObjectId, reason: str, is_agreed: bool, as_json: bool) -> None:
    """Cancel an upcoming booking. Guest and owner are told by e-mail. The date is free again.

    It asks for confirmation: a cancelled booking never comes back. A booking that is cancelled already stays as it is.
    """
    options = read_options(CancelOptions, reason=reason)
    with open_existing_database(config) as db:
        shown = serialize_booking(get_booking(db, booking_id), None)
        confirm(
            f"Cancel the {shown['status']} booking {booking_id} of {shown['date']}? It can't be undone.",
            is_agreed=is_agreed,
        )
        is_changed = cancel_by_operator(db, booking_id, options.reason, utc_now())
    if as_json:
        click.echo(json.dumps({"booking_id": str(booking_id), "status": "cancelled", "is_changed": is_changed}))
    elif is_changed:
        click.echo(f"Cancelled booking {booking_id} of {shown['date']}. Guest and owner are told by e-mail.")
    else:
        click.echo(f"Booking {booking_id} is cancelled already. Nothing was changed.")
