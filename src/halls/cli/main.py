"""The `halls` command group: its commands, its help and its exit codes."""

from __future__ import annotations

import click
from pymongo.errors import OperationFailure, PyMongoError

from halls import __version__
from halls.accounts.cli import account_command
from halls.api_docs.cli import openapi_command
from halls.bookings.cli import booking_command
from halls.cli.check import check_command
from halls.cli.indexes import indexes_command
from halls.config import ConfigError, read_config
from halls.data_transfer.cli import export_command, import_command
from halls.data_transfer.importing import ImportStopped
from halls.data_transfer.rows import UnreadableFile
from halls.demo.cli import demo_command
from halls.errors import ApiError, OperatorError
from halls.logs import configure_logging
from halls.mail.cli import mail_command
from halls.mongo.client import is_unavailable
from halls.mongo.embedded import EmbeddedMongoError
from halls.mongo.indexes import IncompatibleDataError
from halls.search.cli import reindex_command
from halls.server.cli import serve_command, worker_command
from halls.server.env_file import check_env_file
from halls.venues.cli import venue_command

USER_ERRORS = (
    ApiError,
    ConfigError,
    EmbeddedMongoError,
    ImportStopped,
    IncompatibleDataError,
    OperatorError,
    UnreadableFile,
)
EXIT_CODES = "Exit codes: 0 success; 1 an error, or problems were found; 2 invalid arguments."
# AuthenticationFailed, and the code of Atlas.
LOGIN_CODES = frozenset({18, 8000})
UNAUTHORIZED = 13


class Commands(click.Group):
    """Lists the commands by section, and shows expected errors as one message with exit code 1."""

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help text of the commands, grouped by section."""
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(str(command.name), command.get_short_help_str(90)) for command in commands])

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. Raises click.ClickException for an expected error."""
        try:
            return super().invoke(ctx)
        except USER_ERRORS as error:
            raise click.ClickException(str(error)) from error
        except PyMongoError as error:
            message = describe_driver_error(error)
            if message is None:
                raise
            raise click.ClickException(message) from error


def describe_driver_error(error: PyMongoError) -> str | None:
    """Return what is wrong and what to do, without the driver's text. None for an unexpected error."""
    if isinstance(error, OperationFailure) and error.code in LOGIN_CODES:
        return "The database rejects the user name or the password in MONGO_URI."
    if isinstance(error, OperationFailure) and error.code == UNAUTHORIZED:
        return "The database user in MONGO_URI has too few rights. It needs the role readWrite on this database."
    if is_unavailable(error):
        return f"The database does not answer ({type(error).__name__}). Check that MongoDB runs there, and MONGO_URI."
    return None


@click.group(cls=Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.pass_context
def main(context: click.Context) -> None:
    """Halls: a booking service for wedding halls, auditoriums, banquets and lawns.

    Settings come from the environment or, in development, from a file .env. Without MONGO_URI every command uses the
    MongoDB that Halls keeps in DATA_DIR, even while a server uses it. Each command names its database on stderr.
    """
    # First of all, because a misspelt name is a frequent reason for a missing setting.
    configure_logging("WARNING")
    check_env_file()
    config = read_config()
    configure_logging(config.log_level)
    context.obj = config


SECTIONS: dict[str, tuple[click.Command, ...]] = {
    "Serving": (serve_command, demo_command, worker_command),
    "Data": (import_command, export_command, check_command, reindex_command, indexes_command, mail_command),
    "Operating": (account_command, booking_command, venue_command),
    "For developers": (openapi_command,),
}
for _commands in SECTIONS.values():
    for _command in _commands:
        main.add_command(_command)
        for _each in (_command, *(_command.commands.values() if isinstance(_command, click.Group) else ())):
            _each.epilog = EXIT_CODES
