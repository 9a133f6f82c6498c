"""Rules for the sources of the pages: safe, translated, small, and without other hosts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.web.sources import list_keys, list_sources, name_source, without_comments

if TYPE_CHECKING:
    from pathlib import Path

MODULES = list_sources(".js")
STYLES = list_sources(".css")
WORD_FOLDERS = sorted({path.parent for path in MODULES if path.parent.name == "words"})
MAX_LINES = 300
MAX_PAGE_LINES = 150
# What turns a text into markup or into a program. `innerHTML` in any form would be an XSS.
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|\beval\(|new Function|javascript:|DOMParser"
)
# htm does not check names: a misspelt attribute would be lost without a message.
ATTRIBUTES = set(
    """
    accept action alt autocomplete checked class colspan content
    controls d datetime decoding dir disabled download
    enterkeyhint fetchpriority for height hidden href hreflang id inputmode key lang list loading max maxlength method
    min minlength multiple name novalidate open pattern placeholder playsinline
    poster preload readonly ref referrerpolicy rel required role
    rows scope selected spellcheck src step tabindex target title type value width
    aria-busy aria-checked aria-controls aria-current aria-describedby aria-disabled aria-expanded aria-haspopup
    aria-hidden aria-invalid aria-label aria-labelledby aria-live aria-modal aria-pressed aria-readonly aria-selected
    aria-valuemax aria-valuemin aria-valuenow aria-valuetext aria-roledescription aria-multiselectable
    data-day data-id data-venue data-month
    onBlur onCancel onChange onClick onClose onDragOver onDrop onFocus onInput onKeyDown onMouseDown onMouseEnter
    onMouseLeave onMouseUp onPointerCancel onPointerDown onPointerEnter onPointerMove onPointerUp onSubmit onToggle
    cx cy fill points r rx stroke stroke-width viewBox x x1 x2 y y1 y2 text-anchor preserveAspectRatio transform
    """.split()  # noqa: SIM905 - as a list literal it would have 150 lines
)
TEMPLATE = re.compile(r"html`")
TAG = re.compile(r"<(/?)([\w-]+|\0\d+)((?:\s+[^<>]*?)?)/?>")
ATTRIBUTE = re.compile(r"([\w:.@-]+)(?:=(?:\"[^\"]*\"|\S+))?")


def read_templates(text: str) -> list[str]:
    """Return each html`…` of a module, with `0` in place of its values. Templates inside values are separate."""
    found = []
    for start in TEMPLATE.finditer(text):
        depth, position, template = 0, start.end(), ""
        while depth or text[position] != "`":
            if text.startswith("${", position):
                depth += 1
                template += "0" if depth == 1 else ""
                position += 1
            elif depth and text[position] == "{":
                depth += 1
            elif depth and text[position] == "}":
                depth -= 1
            elif depth and text[position] == "`":
                position = _skip_template(text, position + 1)
            elif not depth:
                template += text[position]
            position += 1
        found.append(template)
    return found


def _skip_template(text: str, position: int) -> int:
    """Return the position of the backtick that ends the template which begins before `position`."""
    depth = 0
    while depth or text[position] != "`":
        if text.startswith("${", position):
            depth += 1
            position += 1
        elif depth and text[position] == "{":
            depth += 1
        elif depth and text[position] == "}":
            depth -= 1
        elif depth and text[position] == "`":
            position = _skip_template(text, position + 1)
        position += 1
    return position


def list_attributes(template: str) -> set[str]:
    """Return the names of the attributes in a template."""
    return {name for _, _, text in TAG.findall(template) for name in ATTRIBUTE.findall(text) if name != "0"}


def test_the_template_reader_finds_attributes_at_every_depth() -> None:
    text = "html`<a href=${`x${y}`} onClick=${() => { go({ a: 1 }); }}>${b && html`<b wrong='1'>${c}</b>`}</a>`"
    assert [list_attributes(template) for template in read_templates(text)] == [{"href", "onClick"}, {"wrong"}]


@pytest.mark.parametrize("path", MODULES, ids=name_source)
def test_attributes_come_from_the_list(path: Path) -> None:
    used = set().union(*map(list_attributes, read_templates(without_comments(path.read_text()))))
    assert used <= ATTRIBUTES, f"misspelt? Otherwise add them to this list: {sorted(used - ATTRIBUTES)}"


@pytest.mark.parametrize("path", MODULES, ids=name_source)
def test_no_text_becomes_markup_or_a_program(path: Path) -> None:
    assert not FORBIDDEN.findall(without_comments(path.read_text()))


@pytest.mark.parametrize("path", MODULES, ids=name_source)
def test_random_texts_are_made_without_https(path: Path) -> None:
    # Browsers have crypto.randomUUID over HTTPS and on localhost only.
    assert "randomUUID" not in without_comments(path.read_text())


@pytest.mark.parametrize("path", MODULES, ids=name_source)
def test_templates_have_no_inline_style_and_no_inline_handler(path: Path) -> None:
    templates = read_templates(without_comments(path.read_text()))
    assert not [template for template in templates if re.search(r"\sstyle=|\son[a-z]+=", template)]


@pytest.mark.parametrize("path", MODULES, ids=name_source)
def test_components_with_props_are_called_by_h(path: Path) -> None:
    # tsc checks the props in h(Card, { venue }), but not those in <${Card} venue=${venue}>.
    assert "<${" not in without_comments(path.read_text())


@pytest.mark.parametrize("path", [*MODULES, *STYLES], ids=name_source)
def test_sources_name_no_other_host(path: Path) -> None:
    # wa.me and Google's log-in are links that a person follows.
    allowed = r"https://(?:wa\.me|accounts\.google\.com)/"
    assert not re.findall(
        rf"https?://(?!{allowed[8:]})[\w.]+", without_comments(path.read_text()).replace("(https:\\/\\/|", "")
    )


@pytest.mark.parametrize("path", [*MODULES, *STYLES], ids=name_source)
def test_the_first_line_says_what_a_source_is_for(path: Path) -> None:
    assert re.match(r"// \S.*\.$|/\* \S.*\. \*/$", path.read_text().partition("\n")[0])


@pytest.mark.parametrize("path", [*MODULES, *STYLES], ids=name_source)
def test_sources_are_short(path: Path) -> None:
    limit = MAX_PAGE_LINES if path.name == "page.js" else MAX_LINES
    assert len(path.read_text().splitlines()) <= limit


@pytest.mark.parametrize("folder", WORD_FOLDERS, ids=name_source)
def test_both_languages_have_the_same_words(folder: Path) -> None:
    english, urdu = (list_keys((folder / f"{language}.js").read_text()) for language in ("en", "ur"))
    assert len(english) > 10
    assert english == urdu
