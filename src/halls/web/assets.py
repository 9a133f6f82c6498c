"""Reads the modules, styles, pictures and fonts of the pages, and names them by a hash of their content."""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
KINDS = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
COMPRESSIBLE = {".js", ".css", ".svg", ".json"}
# The length of the hash in the paths, in hexadecimal digits.
DIGITS = 12
# `import { a } from "./b.js"`, over several lines too, and `import "./b.js"`.
IMPORT = re.compile(r'^(?:import|export)\s(?:[^"]*?\sfrom\s)?"(\.[^"]+)"', re.MULTILINE)
ROUTE = re.compile(r'path: "([^"]+)", load: \(\) => import\("\./([^"]+)"\)')
PARAMETER = re.compile(r":(\w+)")
ROUTES_FILE = "routes.js"


@dataclass(frozen=True)
class Asset:
    """One file that browsers load."""

    name: str
    content: bytes

    @property
    def suffix(self) -> str:
        """The end of the name, such as `.js`."""
        return posixpath.splitext(self.name)[1]

    @cached_property
    def compressed(self) -> bytes | None:
        """The content after gzip, or None for a format that is compressed already."""
        return gzip.compress(self.content, 9, mtime=0) if self.suffix in COMPRESSIBLE else None


@dataclass(frozen=True)
class Page:
    """A path that shows a page, as Flask writes it, and the module of the page."""

    path: str
    module: str


@dataclass(frozen=True)
class Assets:
    """All files, and the hash of all their contents."""

    version: str
    files: dict[str, Asset]

    def address(self, name: str) -> str:
        """Return the path at which a browser gets a file."""
        return f"/assets/{self.version}/{name}"

    def list_imports(self, module: str) -> list[str]:
        """Return a module and all that it imports, directly or not, in the order of the first import."""
        found: dict[str, None] = {}

        def visit(name: str) -> None:
            if name not in found:
                found[name] = None
                for target in IMPORT.findall(self.files[name].content.decode()):
                    visit(posixpath.normpath(posixpath.join(posixpath.dirname(name), target)))

        visit(module)
        return list(found)

    def list_words(self, modules: list[str], language: str) -> list[str]:
        """Return the files with the words of the modules: each `words.js` loads one from a folder `words` beside it."""
        folders = [posixpath.dirname(name) for name in modules if posixpath.basename(name) == "words.js"]
        return [posixpath.join(folder, "words", f"{language}.js") for folder in folders]

    def list_styles(self, module: str) -> list[str]:
        """Return the style sheets of the folders of a module and of all that it imports."""
        folders = {posixpath.dirname(name) for name in self.list_imports(module)}
        return [name for folder in sorted(folders) if (name := f"styles/{folder}.css") in self.files]


def list_pages() -> list[Page]:
    """Return the pages in routes.js, the list that the browser uses too. `:id` becomes `<id>`."""
    rows = ROUTE.findall((FOLDER / ROUTES_FILE).read_text(encoding="utf-8"))
    return [Page(PARAMETER.sub(r"<\1>", path), module) for path, module in rows]


def read_assets(*, follows_files: bool) -> Assets:
    """Return the files as they were at the first call. With `follows_files`, as they are now."""
    return _read(_list_changes() if follows_files else ())


def _list_files() -> list[Path]:
    return sorted(path for path in FOLDER.rglob("*") if path.suffix in KINDS)


def _list_changes() -> tuple[tuple[str, int, int], ...]:
    """Return a value that differs after each change of a file."""
    return tuple((str(path), stat.st_mtime_ns, stat.st_size) for path in _list_files() for stat in [path.stat()])


@lru_cache(maxsize=2)
def _read(_changes: tuple[tuple[str, int, int], ...]) -> Assets:
    files = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in _list_files()}
    total = hashlib.sha256()
    for name, content in files.items():
        # The length separates a name from the content and the content from the next name.
        total.update(f"{name} {len(content)}\n".encode() + content)
    return Assets(total.hexdigest()[:DIGITS], {name: Asset(name, content) for name, content in files.items()})
