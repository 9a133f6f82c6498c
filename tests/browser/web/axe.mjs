// Each page of guests, in each view: no finding of axe, no sideways scroll, and a picture: node axe.mjs BASE_URL SCREENSHOT_FOLDER
import assert from "node:assert/strict";
import { isOfOwners, listPages } from "./pages.mjs";
import { auditPages } from "./parts/page-audit.mjs";
import { ROUTES } from "../../../src/halls/web/routes.js";

const [base, folder] = process.argv.slice(2);
const pages = await listPages(base);
assert.deepEqual(new Set(pages.map(({ path }) => path)), new Set(ROUTES.map(({ path }) => path)), "pages.mjs lists the pages of routes.js");

await auditPages(base, folder, pages.filter((page) => !isOfOwners(page)));
console.log("axe has no finding");
