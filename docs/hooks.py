"""What mkdocs runs while it builds the site: it fills the menu, and unlinks what is outside docs/."""  # noqa: INP001 - a program, not a package

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
# Shown after "Errors" once their files are there.
LATER = {"Operations": "operations.md"}
AFTER = "Errors"
# A link to a file of the repository is none on the site: its text says where to look.
OUTSIDE = re.compile(r"\[([^\]]+)\]\((\.\./[^)]+)\)")


def on_config(config: Any) -> Any:
    """Fill the menu with what is there, the decisions one by one."""
    nav = config.nav
    place = 1 + next(index for index, entry in enumerate(nav) if AFTER in entry)
    nav[place:place] = [{title: page} for title, page in LATER.items() if (HERE / page).exists()]
    reference = nav[-1]["Reference"]
    pages = sorted(path.name for path in (HERE / "decisions").glob("*.md"))
    decisions = ["README.md", *(name for name in pages if name != "README.md")]
    reference[2] = {"Decisions": [f"decisions/{name}" for name in decisions]}
    return config


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Keep the links of `markdown` that lead to other pages."""

    def unlink(link: re.Match[str]) -> str:
        text, target = link.groups()
        if (HERE / page.file.src_uri).parent.joinpath(target.split("#")[0]).resolve().is_relative_to(HERE):
            return link.group(0)
        # Such links stand only on pages at the top of docs/.
        return "[Changelog](changelog.md)" if target == "../CHANGELOG.md" else text

    return OUTSIDE.sub(unlink, markdown)
