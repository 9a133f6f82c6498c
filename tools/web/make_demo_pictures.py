"""Writes the pictures of the demonstration venues as WebP, from the drawings: `make art`."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from PIL import Image

HERE = Path(__file__).resolve().parent
TARGET = HERE.parents[1] / "src" / "halls" / "demo" / "pictures"
QUALITY = 75

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["node", str(HERE / "make_demo_pictures.mjs"), folder], check=True)  # noqa: S603, S607 - a fixed command
        for path in sorted(Path(folder).glob("*.png")):
            with Image.open(path) as image:
                image.convert("RGB").save(TARGET / f"{path.stem}.webp", "WEBP", quality=QUALITY, method=6)
