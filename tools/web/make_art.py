"""Draws a venue of each kind in six palettes, for venues without photographs: `make art`."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from pathlib import Path

ART = Path(__file__).resolve().parents[2] / "src/halls/web/art"
WIDTH, HEIGHT = 480, 360
# Each: deep, mid, light, accent, gold, glow, sky from top to horizon.
PALETTES = {
    "mehndi": ("#16382f", "#2d6252", "#dfe6d3", "#a8323f", "#d6a84f", "#ffe2a3", ("#12302f", "#2f6a5f", "#f2c48a")),
    "gulnar": ("#5b1426", "#97293d", "#f4ddd0", "#1f5a4a", "#dcae5a", "#ffe0b0", ("#3a1630", "#9a3d4b", "#f6b98a")),
    "lajward": ("#14284a", "#2f5285", "#e2e6e6", "#b9452f", "#d9b262", "#ffe7b8", ("#101f3d", "#35608a", "#f0c9a0")),
    "genda": ("#6a2f12", "#b8631f", "#f8e6c4", "#8c1f33", "#e3b04b", "#fff0c4", ("#4a2a3c", "#c06a3c", "#fbd692")),
    "pista": ("#33503a", "#7d9a6c", "#eef0dc", "#b4485a", "#cfa24a", "#fff1c9", ("#2b4a4b", "#7fa391", "#f7dcb4")),
    "raat": ("#0f2328", "#23444a", "#d9ddd2", "#c2703a", "#d8ad5c", "#ffdf9a", ("#0b1a22", "#1f4650", "#d99b6c")),
}


def n(value: float) -> str:
    """Write a number as short as SVG takes it."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def shape(path: str, fill: str, extra: str = "") -> str:
    return f'<path d="{path}" fill="{fill}"{" " + extra if extra else ""}/>'


def circle(x: float, y: float, r: float, fill: str, extra: str = "") -> str:
    return f'<circle cx="{n(x)}" cy="{n(y)}" r="{n(r)}" fill="{fill}"{" " + extra if extra else ""}/>'


def rect(x: float, y: float, w: float, h: float, fill: str, extra: str = "") -> str:
    return f'<rect x="{n(x)}" y="{n(y)}" width="{n(w)}" height="{n(h)}" fill="{fill}"{" " + extra if extra else ""}/>'


def arch(cx: float, base: float, width: float, spring: float, top: float, cusps: int = 4) -> str:
    """Return the path of a cusped Mughal arch: straight jambs, foils along a pointed curve, an ogee tip."""
    left, half = cx - width / 2, []
    for step in range(cusps + 1):
        t = step / (cusps + 0.55)
        x = (1 - t) ** 2 * left + 2 * (1 - t) * t * (left + width * 0.03) + t * t * cx
        y = (1 - t) ** 2 * spring + 2 * (1 - t) * t * (top + (spring - top) * 0.12) + t * t * top
        half.append((x, y))
    path = f"M{n(left)} {n(base)}L{n(left)} {n(spring)}"
    for (x0, y0), (x1, y1) in pairwise(half):
        r = math.hypot(x1 - x0, y1 - y0) * 0.56
        path += f"A{n(r)} {n(r)} 0 0 1 {n(x1)} {n(y1)}"
    x, y = half[-1]
    path += f"Q{n((x + cx) / 2 + 1)} {n(y - (y - top) * 0.2)} {n(cx)} {n(top - width * 0.05)}"
    path += f"Q{n(2 * cx - (x + cx) / 2 - 1)} {n(y - (y - top) * 0.2)} {n(2 * cx - x)} {n(y)}"
    for (x0, y0), (x1, y1) in pairwise(half[::-1]):
        r = math.hypot(x1 - x0, y1 - y0) * 0.56
        path += f"A{n(r)} {n(r)} 0 0 1 {n(2 * cx - x1)} {n(y1)}"
    return path + f"L{n(2 * cx - left)} {n(base)}Z"


def lights(x0: float, y0: float, x1: float, y1: float, sag: float, count: int, glow: str) -> str:
    """Hang a string of lamps between two points."""
    mx, my = (x0 + x1) / 2, (y0 + y1) / 2 + sag * 2
    out = f'<path d="M{n(x0)} {n(y0)}Q{n(mx)} {n(my)} {n(x1)} {n(y1)}" fill="none" stroke="{glow}" stroke-opacity=".35" stroke-width=".7"/>'
    for step in range(1, count):
        t = step / count
        x = (1 - t) ** 2 * x0 + 2 * (1 - t) * t * mx + t * t * x1
        y = (1 - t) ** 2 * y0 + 2 * (1 - t) * t * my + t * t * y1
        out += circle(x, y + 1.5, 3.6, glow, 'fill-opacity=".22"') + circle(x, y + 1.5, 1.4, glow)
    return out


def valance(x0: float, x1: float, y: float, drop: float, colours: list[str], count: int) -> str:
    """Hang a row of scallops, as along the edge of a shamiana."""
    step = (x1 - x0) / count
    return "".join(
        shape(
            f"M{n(x0 + i * step)} {n(y)}h{n(step)}v{n(drop * 0.5)}a{n(step / 2)} {n(drop * 0.5)} 0 0 1 {n(-step)} 0Z",
            colours[i % len(colours)],
        )
        for i in range(count)
    )


def garland(x: float, y: float, length: float, colours: list[str], r: float = 3.2) -> str:
    out, at, i = "", y, 0
    while at < y + length:
        out += circle(x, at, r, colours[i % len(colours)])
        at, i = at + r * 1.75, i + 1
    return out + circle(x, at + 1, r * 1.25, colours[-1])


def chandelier(x: float, y: float, s: float, gold: str, glow: str) -> str:
    out = f'<path d="M{n(x)} 0V{n(y)}" stroke="{gold}" stroke-width="1"/>' + circle(
        x, y + 10 * s, 34 * s, glow, 'fill-opacity=".16"'
    )
    for tier, (w, h) in enumerate(((26, 0), (17, 9), (8, 16))):
        out += f'<ellipse cx="{n(x)}" cy="{n(y + h * s)}" rx="{n(w * s)}" ry="{n(w * s * 0.2)}" fill="none" stroke="{gold}" stroke-width="{n(1.3 * s)}"/>'
        for k in range(-2 + (tier == 2), 3 - (tier == 2)):
            px = x + k * w * s / 2
            out += (
                circle(px, y + (h + 3) * s, 1.9 * s, glow)
                + f'<path d="M{n(px)} {n(y + (h + 4) * s)}v{n(5 * s)}" stroke="{glow}" stroke-opacity=".6" stroke-width="{n(0.9 * s)}"/>'
            )
    return out


def flowers(rng: random.Random, cx: float, cy: float, rx: float, ry: float, count: int, colours: list[str]) -> str:
    out = ""
    for _ in range(count):
        a, d = rng.uniform(0, math.tau), math.sqrt(rng.random())
        x, y, r = cx + math.cos(a) * rx * d, cy + math.sin(a) * ry * d, rng.uniform(2, 4.2)
        out += circle(x, y, r, rng.choice(colours)) + (
            circle(x, y, r * 0.35, "#fff", 'fill-opacity=".35"') if r > 3.1 else ""
        )
    return out


def gradient(name: str, stops: list[tuple[float, str, float]], radial: str = "") -> str:
    inner = "".join(
        f'<stop offset="{n(at * 100)}%" stop-color="{colour}" stop-opacity="{alpha:g}"/>' for at, colour, alpha in stops
    )
    kind, place = ("radialGradient", radial) if radial else ("linearGradient", 'x2="0" y2="1"')
    return f'<{kind} id="{name}" {place}>{inner}</{kind}>'


def trees(rng: random.Random, y: float, colour: str) -> str:
    out = ""
    for x in (14, 44, 74, 410, 438, 468):
        h, w = rng.uniform(70, 130), rng.uniform(11, 16)
        out += shape(
            f"M{n(x)} {n(y)}C{n(x - w)} {n(y - h * 0.3)} {n(x - w * 0.7)} {n(y - h * 0.75)} {n(x)} {n(y - h)}C{n(x + w * 0.7)} {n(y - h * 0.75)} {n(x + w)} {n(y - h * 0.3)} {n(x)} {n(y)}Z",
            colour,
        )
    return out


def draw_lawn(p: tuple, rng: random.Random) -> tuple[str, str]:
    deep, mid, light, accent, gold, glow, sky = p
    defs = (
        gradient("s", [(0, sky[0], 1), (0.62, sky[1], 1), (1, sky[2], 1)])
        + gradient("g", [(0, glow, 0.95), (1, glow, 0)], 'cx=".5" cy=".55" r=".6"')
        + gradient("l", [(0, mid, 1), (1, deep, 1)])
    )
    out = rect(0, 0, WIDTH, 262, "url(#s)")
    out += "".join(
        circle(
            rng.uniform(0, WIDTH),
            rng.uniform(4, 120),
            rng.uniform(0.4, 1.1),
            glow,
            f'fill-opacity="{rng.uniform(0.3, 0.9):.2f}"',
        )
        for _ in range(40)
    )
    mx = rng.choice((70, 104, 398))
    out += f'<path d="M{mx} 44a17 17 0 1 0 17 22 14 14 0 0 1-17-22Z" fill="{glow}" fill-opacity=".92"/>'
    out += trees(rng, 262, deep) + rect(0, 258, WIDTH, 102, "url(#l)")
    # The tent: back wall with arches, a glow inside, two peaks, the valance, poles.
    out += rect(104, 166, 272, 96, light) + "".join(
        shape(arch(121 + 34 * i, 262, 25, 205, 182, 3), c)
        for i, c in enumerate([mid, accent, mid, accent, mid, accent, mid, accent])
    )
    out += rect(104, 166, 272, 96, "url(#g)")
    roof = "M84 170C140 158 168 132 176 92C184 132 206 148 240 150C274 148 296 132 304 92C312 132 340 158 396 170Z"
    out += shape(roof, light) + "".join(
        shape(
            f"M{a} 170C{b} 150 {c} 128 {d} 92C{c} 132 {e} 156 {f} 170Z", accent if k % 2 else mid, 'fill-opacity=".92"'
        )
        for k, (a, b, c, d, e, f) in enumerate(
            [
                (84, 140, 168, 176, 150, 124),
                (164, 170, 175, 176, 178, 196),
                (284, 300, 304, 304, 306, 316),
                (356, 330, 312, 304, 318, 396),
            ]
        )
    )
    out += (
        valance(84, 396, 169, 18, [accent, light, mid, light], 24)
        + f'<path d="M84 169H396" stroke="{gold}" stroke-width="2"/>'
    )
    for x in (92, 166, 314, 388):
        out += rect(x - 2, 170, 4, 94, light) + "".join(rect(x - 2, 174 + 14 * k, 4, 7, accent) for k in range(6))
    for x in (176, 304):
        out += shape(f"M{x} 92v-18l13 5-13 5", gold) + circle(x, 91, 2.4, gold)
    for x in (205, 240, 275):
        out += chandelier(x, 190, 0.42, gold, glow).replace(f"M{n(x)} 0V", f"M{n(x)} 170V")
    out += (
        lights(0, 120, 176, 78, 18, 15, glow)
        + lights(176, 78, 304, 78, 12, 12, glow)
        + lights(304, 78, 480, 120, 18, 15, glow)
        + lights(0, 172, 92, 172, 9, 9, glow)
        + lights(388, 172, 480, 172, 9, 9, glow)
    )
    out += shape("M208 262L272 262L356 360L124 360Z", accent) + shape(
        "M212 262L216 262L150 360L136 360ZM268 262L264 262L330 360L344 360Z", gold
    )
    for k, y in enumerate((274, 292, 316, 346)):
        for side in (-1, 1):
            x = 240 + side * (46 + 20 * k)
            out += (
                f'<ellipse cx="{n(x)}" cy="{y}" rx="{n(6 + 2 * k)}" ry="{n(2.4 + 0.8 * k)}" fill="{deep}"/>'
                + flowers(rng, x, y - 4 - 2 * k, 5 + 2.4 * k, 4 + 1.8 * k, 7, [gold, light, accent])
                + circle(x, y - 5 - 3 * k, 12 + 3 * k, glow, 'fill-opacity=".10"')
            )
    return defs, out


def draw_hall(p: tuple, rng: random.Random) -> tuple[str, str]:
    deep, mid, light, accent, gold, glow, _ = p
    defs = (
        gradient("w", [(0, light, 1), (1, light, 1)])
        + gradient("g", [(0, glow, 0.9), (1, glow, 0)], 'cx=".5" cy=".5" r=".5"')
        + gradient("f", [(0, mid, 0.75), (1, deep, 1)])
    )
    defs += f'<pattern id="j" width="18" height="18" patternUnits="userSpaceOnUse"><path d="M9 0l9 9-9 9-9-9Z" fill="none" stroke="{gold}" stroke-opacity=".4" stroke-width=".8"/></pattern>'
    out = (
        rect(0, 0, WIDTH, 272, light)
        + rect(0, 0, WIDTH, 30, deep)
        + valance(0, 480, 30, 15, [mid, accent], 30)
        + f'<path d="M0 30H480" stroke="{gold}" stroke-width="1.6"/>'
    )
    out += rect(0, 270, WIDTH, 90, "url(#f)")
    for k in range(-9, 10):
        out += f'<path d="M{n(240 + k * 26)} 270L{n(240 + k * 78)} 360" stroke="{light}" stroke-opacity=".14"/>'
    for y in (278, 290, 308, 334):
        out += f'<path d="M0 {y}H480" stroke="{light}" stroke-opacity=".14"/>'
    for cx in (52, 428):
        out += shape(arch(cx, 272, 84, 150, 84, 4), mid) + shape(arch(cx, 272, 70, 154, 96, 4), deep)
        out += (
            garland(cx - 22, 128, 60, [gold, accent])
            + garland(cx, 110, 92, [gold, accent])
            + garland(cx + 22, 128, 60, [gold, accent])
        )
    out += (
        shape(arch(240, 272, 268, 158, 62, 6), gold)
        + shape(arch(240, 272, 258, 160, 70, 6), deep)
        + shape(arch(240, 272, 238, 164, 82, 6), mid)
    )
    # A lattice behind the stage.
    out += shape(arch(240, 272, 238, 164, 82, 6), "url(#j)") + circle(240, 176, 108, "url(#g)")
    out += (
        flowers(rng, 240, 118, 62, 14, 70, [accent, gold, light])
        + flowers(rng, 168, 190, 12, 56, 60, [accent, gold, light])
        + flowers(rng, 312, 190, 12, 56, 60, [accent, gold, light])
    )
    # The couple's sofa on its stage.
    out += rect(122, 256, 236, 10, gold) + rect(112, 264, 256, 12, accent)
    out += (
        shape("M186 256v-34c0-22 24-32 54-32s54 10 54 32v34Z", light)
        + shape("M196 252v-28c0-16 20-24 44-24s44 8 44 24v28Z", accent)
        + rect(182, 232, 116, 22, light, 'rx="9"')
        + rect(190, 236, 100, 12, gold, 'rx="5" fill-opacity=".55"')
        + rect(178, 222, 18, 34, light, 'rx="8"')
        + rect(284, 222, 18, 34, light, 'rx="8"')
    )
    out += (
        chandelier(124, 74, 0.8, gold, glow)
        + chandelier(356, 74, 0.8, gold, glow)
        + chandelier(240, 44, 0.62, gold, glow)
    )
    out += shape("M214 276L266 276L330 360L150 360Z", accent, 'fill-opacity=".92"') + shape(
        "M218 276L221 276L166 360L158 360ZM262 276L259 276L314 360L322 360Z", gold
    )
    for k, (y, dx) in enumerate(((290, 70), (318, 106))):
        for side in (-1, 1):
            x = 240 + side * dx
            out += shape(f"M{x - 6 - k} {y + 14}l2-12h{8 + 2 * k}l2 12Z", gold) + flowers(
                rng, x, y - 4, 11 + 2 * k, 10, 22, [light, accent, gold]
            )
    return defs, out


def table(rng: random.Random, x: float, y: float, s: float, p: tuple) -> str:
    _, mid, light, accent, gold, glow, _ = p
    out = ""
    for a in (200, 235, 270, 305, 340):
        cx, cy = x + math.cos(math.radians(a)) * 47 * s, y + math.sin(math.radians(a)) * 17 * s
        out += rect(cx - 6 * s, cy - 20 * s, 12 * s, 18 * s, accent, f'rx="{n(4 * s)}"') + rect(
            cx - 6 * s, cy - 8 * s, 12 * s, 3 * s, gold
        )
    out += shape(
        f"M{n(x - 44 * s)} {n(y)}C{n(x - 42 * s)} {n(y + 34 * s)} {n(x - 46 * s)} {n(y + 42 * s)} {n(x - 40 * s)} {n(y + 46 * s)}H{n(x + 40 * s)}C{n(x + 46 * s)} {n(y + 42 * s)} {n(x + 42 * s)} {n(y + 34 * s)} {n(x + 44 * s)} {n(y)}Z",
        light,
    )
    for k in (-26, -9, 9, 26):
        out += f'<path d="M{n(x + k * s)} {n(y + 10 * s)}Q{n(x + k * 1.04 * s)} {n(y + 30 * s)} {n(x + k * 0.98 * s)} {n(y + 45 * s)}" stroke="{mid}" stroke-opacity=".22" fill="none"/>'
    out += f'<ellipse cx="{n(x)}" cy="{n(y)}" rx="{n(44 * s)}" ry="{n(14 * s)}" fill="#fffdf6"/><ellipse cx="{n(x)}" cy="{n(y)}" rx="{n(44 * s)}" ry="{n(14 * s)}" fill="none" stroke="{gold}" stroke-opacity=".7"/>'
    for a in (150, 90, 30):
        out += f'<ellipse cx="{n(x + math.cos(math.radians(a)) * 30 * s)}" cy="{n(y + math.sin(math.radians(a)) * 9 * s)}" rx="{n(8 * s)}" ry="{n(2.6 * s)}" fill="{light}" stroke="{gold}" stroke-width=".6"/>'
    out += (
        rect(x - 2 * s, y - 20 * s, 4 * s, 18 * s, gold)
        + flowers(rng, x, y - 26 * s, 14 * s, 10 * s, 24, [accent, gold, "#fff6e6"])
        + circle(x, y - 24 * s, 26 * s, glow, 'fill-opacity=".16"')
    )
    return out


def draw_banquet(p: tuple, rng: random.Random) -> tuple[str, str]:
    deep, mid, light, accent, gold, glow, sky = p
    defs = (
        gradient("w", [(0, mid, 1), (1, deep, 1)])
        + gradient("g", [(0, glow, 0.85), (1, glow, 0)], 'cx=".5" cy=".35" r=".6"')
        + gradient("k", [(0, sky[1], 1), (1, sky[2], 1)])
    )
    out = rect(0, 0, WIDTH, 232, "url(#w)") + rect(0, 226, WIDTH, 134, deep)
    for cx in (60, 150, 240, 330, 420):
        out += (
            shape(arch(cx, 232, 66, 150, 104, 4), gold)
            + shape(arch(cx, 232, 58, 152, 112, 4), "url(#k)")
            + f'<path d="M{cx} 106V232M{cx - 29} 172H{cx + 29}" stroke="{deep}" stroke-opacity=".55" stroke-width="1.4"/>'
        )
        out += shape(
            f"M{cx - 29} 232V150C{cx - 27} 176 {cx - 22} 200 {cx - 16} 232ZM{cx + 29} 232V150C{cx + 27} 176 {cx + 22} 200 {cx + 16} 232Z",
            light,
            'fill-opacity=".9"',
        )
    # Cloth drawn from the middle of the ceiling to the walls.
    for k in range(-5, 5):
        x0, x1 = 240 + k * 56, 240 + (k + 1) * 56
        out += shape(
            f"M240 8C{n(240 + (x0 - 240) * 0.4)} 30 {n(240 + (x0 - 240) * 0.8)} 58 {n(x0)} 70Q{n((x0 + x1) / 2)} 92 {n(x1)} 70C{n(240 + (x1 - 240) * 0.8)} 58 {n(240 + (x1 - 240) * 0.4)} 30 240 8Z",
            light if k % 2 else accent,
            f'fill-opacity="{0.95 if k % 2 else 0.88}"',
        )
    out += (
        rect(0, 0, WIDTH, 14, deep)
        + f'<path d="M0 14H480" stroke="{gold}" stroke-width="1.5"/>'
        + rect(0, 0, WIDTH, HEIGHT, "url(#g)")
        + chandelier(240, 62, 1.15, gold, glow)
    )
    out += chandelier(96, 78, 0.55, gold, glow) + chandelier(384, 78, 0.55, gold, glow)
    for x, y, s in (
        (84, 238, 0.62),
        (186, 236, 0.58),
        (294, 236, 0.58),
        (396, 238, 0.62),
        (40, 286, 0.92),
        (240, 280, 0.92),
        (440, 286, 0.92),
    ):
        out += table(rng, x, y, s, p)
    return defs, out


def draw_auditorium(p: tuple, rng: random.Random) -> tuple[str, str]:
    deep, mid, light, accent, gold, glow, _ = p
    defs = (
        gradient("c", [(0, accent, 1), (1, deep, 1)])
        + gradient("g", [(0, glow, 0.85), (0.55, glow, 0.25), (1, glow, 0)], 'cx=".5" cy=".75" r=".65"')
        + gradient("b", [(0, glow, 0.5), (1, glow, 0)])
    )
    out = rect(0, 0, WIDTH, HEIGHT, deep)
    for k in range(9):
        out += shape(arch(27 + k * 53.3, 60, 42, 30, 10, 3), mid, 'fill-opacity=".55"')
    out += (
        shape(arch(240, 236, 372, 130, 34, 7), gold)
        + shape(arch(240, 236, 360, 132, 43, 7), accent)
        + shape(arch(240, 236, 332, 138, 58, 7), "#1a100e")
    )
    out += shape(arch(240, 236, 332, 138, 58, 7), "url(#g)")
    out += shape("M186 40L294 40L352 236L128 236Z", "url(#b)", 'fill-opacity=".55"')
    # A small stage: backdrop arch, lectern of flowers.
    out += (
        shape(arch(240, 232, 118, 168, 116, 5), gold)
        + shape(arch(240, 232, 110, 170, 122, 5), light)
        + shape(arch(240, 232, 84, 180, 140, 4), mid)
        + flowers(rng, 240, 226, 66, 7, 60, [accent, gold, light])
    )
    for side in (-1, 1):
        edge, inner = 240 + side * 166, 240 + side * 78
        out += shape(
            f"M{edge} 236V104C{240 + side * 140} 84 {240 + side * 112} 70 {inner} 66C{240 + side * 96} 130 {240 + side * 128} 168 {240 + side * 130} 236Z",
            "url(#c)",
        )
        for k in range(5):
            x = 240 + side * (158 - k * 15)
            out += f'<path d="M{x} {104 - k * 8}C{x - side * 4} 150 {n(240 + side * (160 - k * 7))} 190 {n(240 + side * (162 - k * 7))} 236" stroke="{light}" stroke-opacity=".16" fill="none" stroke-width="2"/>'
    out += rect(60, 232, 360, 8, gold) + shape("M52 240H428L440 256H40Z", mid)
    for row, (y, w, count) in enumerate(((268, 22, 15), (292, 28, 14), (320, 35, 13), (352, 44, 11))):
        start = 240 - (count - 1) * w * 1.16 / 2
        for k in range(count):
            x = start + k * w * 1.16
            out += (
                shape(
                    f"M{n(x - w / 2)} {n(y + w)}V{n(y - w * 0.1)}C{n(x - w / 2)} {n(y - w * 0.62)} {n(x + w / 2)} {n(y - w * 0.62)} {n(x + w / 2)} {n(y - w * 0.1)}V{n(y + w)}Z",
                    accent if row % 2 else mid,
                    f'stroke="{deep}" stroke-width="1.4"',
                )
                + f'<path d="M{n(x - w * 0.3)} {n(y - w * 0.22)}Q{n(x)} {n(y - w * 0.48)} {n(x + w * 0.3)} {n(y - w * 0.22)}" stroke="{gold}" stroke-opacity=".65" fill="none"/>'
            )
    return defs, out


def draw_gate(p: tuple, rng: random.Random) -> tuple[str, str]:
    deep, mid, light, accent, gold, glow, sky = p
    defs = gradient("s", [(0, sky[0], 1), (1, sky[1], 1)]) + gradient(
        "g", [(0, glow, 0.95), (1, glow, 0)], 'cx=".5" cy=".6" r=".55"'
    )
    out = (
        rect(0, 0, WIDTH, HEIGHT, "url(#s)")
        + rect(60, 30, 360, 300, light)
        + rect(60, 30, 360, 12, gold)
        + valance(60, 420, 42, 16, [accent, mid], 26)
    )
    for cx in (98, 382):
        out += (
            shape(arch(cx, 330, 50, 150, 108, 3), mid)
            + shape(arch(cx, 330, 38, 156, 120, 3), deep)
            + f'<path d="M{cx} 150V300" stroke="{gold}" stroke-opacity=".3"/>'
        )
    out += (
        shape(arch(240, 330, 212, 190, 74, 6), gold)
        + shape(arch(240, 330, 200, 192, 84, 6), deep)
        + shape(arch(240, 330, 200, 192, 84, 6), "url(#g)")
    )
    for i, x in enumerate(range(160, 321, 16)):
        depth = 26 + abs(i - 5) * 13
        out += garland(x, 92 + max(0, abs(i - 5) * 9), depth, [["#f0a92e", "#e27a1c"], ["#fff3dc", accent]][i % 2])
    out += (
        rect(0, 326, WIDTH, 34, deep)
        + shape("M196 330H284L330 360H150Z", accent)
        + shape("M200 330h5l-42 30h-8ZM280 330h-5l42 30h8Z", gold)
    )
    for x in (140, 340):
        out += rect(x - 12, 300, 24, 30, gold) + flowers(rng, x, 286, 24, 20, 70, [accent, light, "#f0a92e"])
    out += lights(0, 40, 60, 60, 10, 6, glow) + lights(420, 60, 480, 40, 10, 6, glow)
    return defs, out


def draw_table(p: tuple, rng: random.Random) -> tuple[str, str]:
    deep, mid, light, accent, gold, glow, _ = p
    defs = f'<pattern id="d" width="40" height="40" patternUnits="userSpaceOnUse"><path d="M10 3l7 7-7 7-7-7ZM30 23l7 7-7 7-7-7Z" fill="{light}" fill-opacity=".1"/></pattern>'
    out = rect(0, 0, WIDTH, HEIGHT, mid) + rect(0, 0, WIDTH, HEIGHT, "url(#d)")
    out += (
        circle(240, 180, 214, deep, 'fill-opacity=".28"')
        + circle(240, 176, 206, light)
        + circle(240, 176, 198, "none", f'stroke="{gold}" stroke-width="1.5"')
        + circle(
            240,
            176,
            190,
            "none",
            f'stroke="{accent}" stroke-opacity=".5" stroke-dasharray="2 7" stroke-width="3" stroke-linecap="round"',
        )
    )
    for k in range(6):
        a = math.radians(60 * k + 30)
        x, y = 240 + math.cos(a) * 132, 176 + math.sin(a) * 122
        out += (
            circle(x + 1, y + 3, 46, deep, 'fill-opacity=".12"')
            + circle(x, y, 46, "#fffdf8")
            + circle(x, y, 42, "none", f'stroke="{gold}" stroke-width="1.2"')
            + circle(x, y, 28, "none", f'stroke="{mid}" stroke-opacity=".35"')
        )
        out += (
            f'<g transform="translate({n(x)} {n(y)}) rotate({60 * k})">'
            + shape("M-9-17L9-17L5 17L-5 17Z", accent)
            + rect(-9, -2, 18, 4, gold, 'rx="2"')
            + "</g>"
        )
    out += flowers(rng, 240, 176, 62, 56, 420, ["#f0a92e", "#e27a1c", accent, light, "#fff6e6"])
    for a in range(0, 360, 60):
        x, y = 240 + math.cos(math.radians(a)) * 78, 176 + math.sin(math.radians(a)) * 72
        out += circle(x, y, 13, glow, 'fill-opacity=".4"') + circle(x, y, 5, gold) + circle(x, y, 2.4, "#fff")
    return defs, out


SCENES = {
    "lawn": draw_lawn,
    "hall": draw_hall,
    "banquet": draw_banquet,
    "auditorium": draw_auditorium,
    "gate": draw_gate,
    "table": draw_table,
}


def main() -> None:
    ART.mkdir(exist_ok=True)
    for scene, draw in SCENES.items():
        for number, palette in enumerate(PALETTES.values()):
            defs, body = draw(palette, random.Random(f"{scene}{number}"))
            text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"><defs>{defs}</defs>{body}</svg>'
            (ART / f"{scene}-{number}.svg").write_text(text)


if __name__ == "__main__":
    main()
