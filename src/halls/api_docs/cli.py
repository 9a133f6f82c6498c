"""`halls openapi`: writes the OpenAPI document."""

from __future__ import annotations

from pathlib import Path

import click

from halls.api_docs.document import write_document
from halls.app import BLUEPRINTS


@click.command("openapi")
def openapi_command() -> None:
    """Write openapi.json as GET /openapi.json returns it, without a PUBLIC_URL and with sample dates in 2099."""
    write_document(Path("openapi.json"), BLUEPRINTS)
    click.echo("Wrote openapi.json")
