// Draws the pictures of the demonstration venues as PNG files: node tools/web/make_demo_pictures.mjs FOLDER (part of `make art`).
import fs from "node:fs";
import path from "node:path";
import { Resvg } from "@resvg/resvg-js";

const art = path.resolve(import.meta.dirname, "../../src/halls/web/art");
const SCENES = ["hall", "banquet", "lawn", "auditorium", "gate", "table"];
const PALETTES = [0, 3];
const [folder] = process.argv.slice(2);

for (const scene of SCENES) for (const palette of PALETTES) {
  const drawing = fs.readFileSync(path.join(art, `${scene}-${palette}.svg`), "utf8");
  fs.writeFileSync(path.join(folder, `${scene}-${palette}.png`), new Resvg(drawing, { fitTo: { mode: "width", value: 960 } }).render().asPng());
}
