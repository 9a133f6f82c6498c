"""Request models of verification e-mails."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from halls.http.schema import MAX_TEXT, RequestModel, with_examples


class EmailToken(RequestModel):
    """The token from a verification e-mail."""

    model_config = with_examples({"token": "Zk3vJ0pX2b8mQ5t1"})

    token: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)] = Field(
        description="The `token` in the link of the e-mail."
    )
