"""mkdocs hooks: fill the menu of the site, and remove links to files outside docs/."""  # noqa: INP001 - a program, not a package

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
# Pages that are added after "Errors" if their files exist.
OPTIONAL_PAGES = {"Operations": "operations.md"}
AFTER = "Errors"
# Links to files outside docs/ do not exist on the site. Their text still names the file.
OUTSIDE_LINK = re.compile(r"\[([^\]]+)\]\((\.\./[^)]+)\)")


def on_config(config: Any) -> Any:
    """Return the configuration with the optional pages and each decision in the menu."""
    nav = config.nav
    position = 1 + next(index for index, entry in enumerate(nav) if AFTER in entry)
    nav[position:position] = [{title: page} for title, page in OPTIONAL_PAGES.items() if (HERE / page).exists()]
    reference = nav[-1]["Reference"]
    pages = sorted(path.name for path in (HERE / "decisions").glob("*.md"))
    decisions = ["README.md", *(name for name in pages if name != "README.md")]
    reference[2] = {"Decisions": [f"decisions/{name}" for name in decisions]}
    return config


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Return `markdown` without the links that do not lead to a page of the site."""

    def unlink(link: re.Match[str]) -> str:
        text, target = link.groups()
        if (HERE / page.file.src_uri).parent.joinpath(target.split("#")[0]).resolve().is_relative_to(HERE):
            return link.group(0)
        # Only pages directly in docs/ have links to the changelog.
        return "[Changelog](changelog.md)" if target == "../CHANGELOG.md" else text

    return OUTSIDE_LINK.sub(unlink, markdown)
