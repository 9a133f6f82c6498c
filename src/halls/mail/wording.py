"""The type of a wording: what one kind of e-mail says, as Jinja templates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wording:
    """The texts of one kind of e-mail, in the order of the layout. A paragraph that renders to nothing is left out."""

    subject: str
    heading: str
    # The paragraphs above the facts.
    intro: tuple[str, ...]
    # The label of the button to the word `link`. Empty: no button.
    button: str = ""
    # The paragraphs below the button.
    outro: tuple[str, ...] = ()
    # The label of a plain link to the word `disown_link`. Empty: no such link.
    disown: str = ""
