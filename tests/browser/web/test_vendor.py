"""The vendored files of the pages are those of the locked packages, byte for byte."""

from __future__ import annotations

import re
from pathlib import Path

from halls.web.assets import FOLDER
from tests.architecture.source import ROOT

COPY = re.compile(r'^  \["([^"]+)", "([^"]+)", "([^"]+)"\]', re.MULTILINE)


def test_copied_files_equal_the_packages() -> None:
    copies = COPY.findall((ROOT / "tools" / "web" / "vendor.mjs").read_text())
    assert len(copies) == 4
    for package, source, target in copies:
        assert (FOLDER / target).read_bytes() == Path(ROOT / "node_modules" / package / source).read_bytes(), target
