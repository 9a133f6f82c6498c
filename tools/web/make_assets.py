"""Makes the ornaments, the icon sheet and the list of places in src/halls/web/art: part of `make vendor`."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pak_geodata
from make_art import arch, n

ROOT = Path(__file__).resolve().parents[2]
ART = ROOT / "src/halls/web/art"
LUCIDE = ROOT / "node_modules/lucide-static/icons"
GEODATA = Path(pak_geodata.__file__).parent / "data"
# In the order of their use. The pages use them as `Icon("search")`.
ICONS = (
    *(
        "search",
        "map-pin",
        "calendar-days",
        "users",
        "sliders-horizontal",
        "map",
        "list",
        "x",
        "check",
        "plus",
        "minus",
    ),
    *("info", "chevron-left", "chevron-right", "languages", "share-2", "square-parking", "door-open", "droplets"),
    *("air-vent", "columns-2", "speaker", "ruler", "wallet", "wifi-off", "maximize", "phone", "rotate-cw", "lock"),
    *("star", "moon", "user", "log-out", "mail", "message-circle", "copy", "download", "trash-2", "pencil", "clock"),
    *("circle-alert", "history", "eye", "eye-off", "external-link", "settings", "bell", "image", "arrow-up"),
    *("arrow-down", "ban", "link", "printer", "key-round", "circle-check", "circle-x", "ellipsis", "building-2"),
    *("chart-column", "undo-2", "upload", "pause", "play", "eraser", "percent"),
)
GREEN, ROSE, ORANGE, BLUE = VALANCE = ("#1f4f40", "#a3243b", "#d08f2c", "#24426b")
GOLD = "#b5873a"


def svg(width: float, height: float, body: str, extra: str = "") -> str:
    """Return an SVG file of this size."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {n(width)} {n(height)}"{extra}>{body}</svg>'


def petals(size: float, count: int, distance: float, radius: float, middle: float) -> str:
    """Return a flower: `count` round petals around a disc. All lengths are fractions of `size`."""
    centre = size / 2
    angles = [math.tau * k / count for k in range(count)]
    points = [(centre + math.cos(a) * size * distance, centre + math.sin(a) * size * distance) for a in angles]
    circles = "".join(f'<circle cx="{n(x)}" cy="{n(y)}" r="{n(size * radius)}"/>' for x, y in points)
    return f'<circle cx="{n(centre)}" cy="{n(centre)}" r="{n(size * middle)}"/>{circles}'


def write_window() -> None:
    """Write the jharoka: a mask of 400 × 300 with a wide cusped arch, and its gold line. Both stretch."""
    path = arch(200, 300, 396, 70, 7, 7)
    path = path.replace("M2 300L2", "M12 299.5Q2 299.5 2 289.5L2").replace(
        "L398 300Z", "L398 289.5Q398 299.5 388 299.5Z"
    )
    stretch = ' preserveAspectRatio="none"'
    line = f'fill="none" stroke="{GOLD}" stroke-width="1.6" vector-effect="non-scaling-stroke"'
    (ART / "window.svg").write_text(svg(400, 300, f'<path d="{path}"/>', stretch))
    (ART / "window-line.svg").write_text(svg(400, 300, f'<path d="{path}" {line}/>', stretch))


def write_ornaments() -> None:
    """Write the stamp of the chosen day, the flower of the brand, the tab's icon, the valance and a select's arrow."""
    flower = petals(48, 8, 0.3, 0.165, 0.186)
    (ART / "rosette.svg").write_text(svg(48, 48, petals(48, 16, 0.355, 0.119, 0.366)))
    (ART / "flower.svg").write_text(svg(48, 48, flower))
    (ART / "icon.svg").write_text(svg(48, 48, f'<g fill="{ROSE}">{flower}</g>'))
    scallops = "".join(
        f'<path d="M{20 * k} 0h20v4.5a10 7.5 0 0 1-20 0Z" fill="{colour}"/>'
        f'<circle cx="{20 * k + 10}" cy="6" r="1.3" fill="#fbf3df"/>'
        for k, colour in enumerate(VALANCE)
    )
    (ART / "valance.svg").write_text(svg(80, 13, scallops, ' width="80" height="13"'))
    arrow = '<path d="M1 1.5 6 6.5 11 1.5" fill="none" stroke="#8a7869" stroke-width="1.6" stroke-linecap="round"/>'
    (ART / "down.svg").write_text(svg(12, 8, arrow))


def write_icons() -> None:
    """Write the icons as the symbols of one file."""
    line = 'fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"'
    symbols = ""
    for name in ICONS:
        found = re.search(r"<svg[^>]*>(.*)</svg>", (LUCIDE / f"{name}.svg").read_text(), re.DOTALL)
        assert found, name
        body = re.sub(r">\s+<", "><", found[1].strip())
        symbols += f'<symbol id="{name}" viewBox="0 0 24 24" {line}>{body}</symbol>'
    (ART / "icons.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{symbols}</svg>')


def read_places(folder: str) -> list[list[object]]:
    """Return id, names and position of each city, or of each locality with the id of its city."""
    rows = []
    for file in sorted((GEODATA / folder).rglob("*.json")):
        for place in json.loads(file.read_text()):
            position = place["coordinates"]
            city = [place["cityId"]] if "cityId" in place else []
            rows.append([place["id"], place["name"], place["urduName"], position["lat"], position["lng"], *city])
    return rows


def write_places() -> None:
    """Write the cities and localities, which the place search and the map use."""
    places = read_places("cities") + read_places("areas")
    (ART / "places.json").write_text(json.dumps(places, ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    write_window()
    write_ornaments()
    write_icons()
    write_places()
