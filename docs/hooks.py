"""What mkdocs runs while it builds the site: pages that aren't written yet are left out of the menu."""  # noqa: INP001 - a program, not a package

from __future__ import annotations

from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
# Shown after "Errors" once their files are there.
LATER = {"Operations": "operations.md"}
AFTER = "Errors"


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
