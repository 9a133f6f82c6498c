"""The files of the pages: their paths contain a hash, they are compressed, complete and small."""

from __future__ import annotations

import gzip
import itertools
import os
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from halls.web import assets
from halls.web.assets import COMPRESSIBLE, FOLDER, KINDS, list_pages, read_assets
from halls.web.language import LANGUAGES
from tests.web.sources import list_sources, name_source, without_comments

if TYPE_CHECKING:
    from tests.api_client import ApiClient

ALL = read_assets(follows_files=False)
PAGES = list_pages()
STYLES_OF_A_PAGE = re.compile(r"^export const styles = \[(.*)\];$", re.MULTILINE)
# A part of a page that is loaded when it is needed: `import("../parts/map.js")`.
LAZY_IMPORT = re.compile(r'import\("(\.[^"]+)"\)')
KB = 1000


@pytest.mark.parametrize("name", sorted(ALL.files))
def test_each_file_is_served_under_the_hash(api: ApiClient, name: str) -> None:
    suffix = os.path.splitext(name)[1]  # noqa: PTH122 - not a path of this machine
    plain = api.get(ALL.address(name))
    assert (plain.status, plain.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    assert plain.headers["Content-Type"].partition(";")[0] == KINDS[suffix]
    assert plain.content == (FOLDER / name).read_bytes()
    zipped = api.get(ALL.address(name), Accept_Encoding="br, gzip")
    assert zipped.headers.get("Content-Encoding") == ("gzip" if suffix in COMPRESSIBLE else None)
    assert (gzip.decompress(zipped.content) if suffix in COMPRESSIBLE else zipped.content) == plain.content


def test_a_file_has_an_etag_for_each_encoding(api: ApiClient) -> None:
    address = ALL.address("app.js")
    plain, zipped = api.get(address), api.get(address, Accept_Encoding="gzip")
    assert plain.headers["ETag"] != zipped.headers["ETag"]
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert api.get(address, If_None_Match=plain.headers["ETag"]).status == 304


@pytest.mark.parametrize(
    "path",
    [
        "/assets/000000000000/app.js",
        f"/assets/{ALL.version}/nothing.js",
        f"/assets/{ALL.version}/routes.py",
        f"/assets/{ALL.version}/document.html",
        f"/assets/{ALL.version}/../app.py",
        f"/assets/{ALL.version}/%2e%2e/app.py",
    ],
)
def test_other_files_are_not_served(api: ApiClient, path: str) -> None:
    response = api.get(path)
    assert (response.status, response.code) == (404, "not_found")


def test_every_import_exists() -> None:
    for path in list_sources(".js"):
        ALL.list_imports(name_source(path))
    assert "vendor/ui.js" in ALL.list_imports("app.js")


def test_every_module_is_imported_by_a_page() -> None:
    used = {name for page in PAGES for name in ALL.list_imports(page.module)} | set(ALL.list_imports("app.js"))
    sources = {name: without_comments(ALL.files[name].content.decode()) for name in used}
    lazy = [(name, target) for name, text in sources.items() for target in LAZY_IMPORT.findall(text)]
    for name, target in lazy:
        used |= set(ALL.list_imports(posixpath.normpath(posixpath.join(posixpath.dirname(name), target))))
    assert {name_source(path) for path in list_sources(".js")} <= used


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_a_page_names_the_styles_of_its_modules(page: assets.Page) -> None:
    named = STYLES_OF_A_PAGE.search(ALL.files[page.module].content.decode())
    assert named
    assert set(re.findall(r'"(\w+)"', named[1])) == {Path(name).stem for name in ALL.list_styles(page.module)}


def list_first_classes(style: str) -> set[str]:
    """Return the classes that begin a selector of a style sheet: `steps` in `:lang(ur) .steps li`."""
    text = re.sub(r"/\*.*?\*/", "", ALL.files[style].content.decode(), flags=re.DOTALL)
    selectors = [part for rule in re.findall(r"([^{}]+)\{", text) for part in re.split(r",(?![^(]*\))", rule)]
    return {found[1] for part in selectors if (found := re.match(r"\s*(?::lang\(\w+\)\s+)?\.([\w-]+)", part))}


def test_two_pages_give_no_class_different_styles() -> None:
    # The browser keeps the style sheets of the pages before: `.steps` of one page would change those of another.
    folders = {f"styles/{Path(page.module).parent}.css" for page in PAGES} & set(ALL.files)
    shared = list_first_classes("styles/base.css") | list_first_classes("styles/parts.css")
    loaded = {style: {page.module for page in PAGES if style in ALL.list_styles(page.module)} for style in folders}
    for one, other in itertools.combinations(sorted(folders), 2):
        both = (list_first_classes(one) & list_first_classes(other)) - shared
        assert not both or loaded[one] <= loaded[other] or loaded[other] <= loaded[one], (one, other, both)


def test_the_hash_follows_the_files_in_development(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(assets, "FOLDER", tmp_path)
    module = tmp_path / "app.js"
    module.write_text("one")
    first = read_assets(follows_files=True)
    assert read_assets(follows_files=True) is first
    module.write_text("two, longer")
    second = read_assets(follows_files=True)
    assert second.version != first.version
    assert second.files["app.js"].content == b"two, longer"
    module.write_text("three, longer still")
    fixed = read_assets(follows_files=False)
    module.write_text("four")
    assert read_assets(follows_files=False) is fixed
    assets._read.cache_clear()  # noqa: SLF001 - other tests read the real files


def _zipped(*names: str) -> int:
    files = [ALL.files[name] for name in names]
    return sum(len(file.content if file.compressed is None else file.compressed) for file in files)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_a_page_is_small(page: assets.Page, language: str) -> None:
    modules = list(dict.fromkeys([*ALL.list_imports("app.js"), *ALL.list_imports(page.module)]))
    # An owner opens his pages every day, so most of their modules are in the browser's cache.
    limit = 65 if "owner/frame.js" in modules else 55
    assert _zipped(*modules, *ALL.list_words(modules, language)) <= limit * KB
    assert _zipped("styles/base.css", *ALL.list_styles(page.module)) <= 12 * KB


def test_the_other_files_are_small() -> None:
    assert _zipped("fonts/figtree-latin.woff2", "fonts/yrsa-latin-500.woff2") <= 45 * KB
    assert _zipped("fonts/nastaliq-400.woff2", "fonts/naskh.woff2") <= 125 * KB
    assert _zipped("vendor/leaflet.js", "vendor/leaflet.css") <= 47 * KB
    drawings = [file for name, file in ALL.files.items() if re.fullmatch(r"art/\w+-\d\.svg", name)]
    assert len(drawings) == 36
    assert max(len(file.content) for file in drawings) <= 45 * KB
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 2500 * KB
