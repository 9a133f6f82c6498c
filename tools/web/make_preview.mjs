// Draws the general picture of link previews, which can't be SVG: node tools/web/make_preview.mjs (part of `make art`).
import fs from "node:fs";
import path from "node:path";
import { Resvg } from "@resvg/resvg-js";

const art = path.resolve(import.meta.dirname, "../../src/halls/web/art");
const drawing = fs.readFileSync(path.join(art, "lawn-2.svg"), "utf8");
fs.writeFileSync(path.join(art, "preview.png"), new Resvg(drawing, { fitTo: { mode: "width", value: 640 } }).render().asPng());
