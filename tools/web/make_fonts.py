"""Cuts the Urdu fonts down to the letters of Urdu, and writes the licence beside all fonts: part of `make vendor`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from fontTools.subset import main as subset
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

ROOT = Path(__file__).resolve().parents[2]
FONTS = ROOT / "src/halls/web/fonts"
MODULES = ROOT / "node_modules"
# The letters, marks, digits and punctuation of Urdu, and the joiners.
URDU = (
    "U+060C,U+061B,U+061F,U+0621-0624,U+0626-0628,U+0629-063A,U+0641,U+0642,U+0644-0648,U+064B-0651,U+0654,U+0656,"
    "U+0670,U+0679,U+067E,U+0686,U+0688,U+0691,U+0698,U+06A9,U+06AF,U+06BA,U+06BE,U+06C1-06C3,U+06CC,U+06D2-06D4,"
    "U+200C-200F,U+0020"
)
NASTALIQ = "@fontsource-variable/noto-nastaliq-urdu/files/noto-nastaliq-urdu-arabic-wght-normal.woff2"
NASKH = "@fontsource-variable/noto-naskh-arabic/files/noto-naskh-arabic-arabic-wght-normal.woff2"
LICENCED = (
    "@fontsource/yrsa",
    "@fontsource-variable/figtree",
    "@fontsource-variable/noto-nastaliq-urdu",
    "@fontsource-variable/noto-naskh-arabic",
)


def cut(source: Path, name: str, layout: str) -> None:
    """Write the letters of Urdu of a font as fonts/`name`."""
    subset(
        [
            str(source),
            f"--unicodes={URDU}",
            f"--layout-features={layout}",
            "--flavor=woff2",
            f"--output-file={FONTS / name}",
        ]
    )


def cut_nastaliq(folder: Path) -> None:
    """Write Nastaliq with the one weight that headings use. All weights would be half as large again."""
    font = instantiateVariableFont(TTFont(MODULES / NASTALIQ), {"wght": 400})
    font.flavor = None
    font.save(folder / "nastaliq.ttf")
    cut(folder / "nastaliq.ttf", "nastaliq-400.woff2", "*")


def write_licence() -> None:
    """Write the copyright lines of all fonts above one copy of the licence that they share."""
    texts = [(MODULES / name / "LICENSE").read_text() for name in LICENCED]
    copyrights = [text.partition("\n")[0].strip() for text in texts]
    _, _, licence = texts[0].partition("\n")
    (FONTS / "OFL.txt").write_text("\n".join(copyrights) + "\n" + licence)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        cut_nastaliq(Path(folder))
    cut(MODULES / NASKH, "naskh.woff2", "*")
    write_licence()
