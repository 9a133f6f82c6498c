// While a page waits for the server, nothing moves: node waiting.mjs BASE_URL
import assert from "node:assert/strict";
import { startBrowser } from "./browser.mjs";
import { listPages } from "./pages.mjs";

const [base] = process.argv.slice(2);
const { open, openAs, close } = await startBrowser(base);
const RESPONSE_MS = 700;
const MAX_SHIFT = 0.02;
const VIEWS = [[390, "en"], [1280, "ur"]];

/** Runs in the page, before its own modules: adds up the layout shifts, and names what moved. */
function observe() {
  window.shifts = [];
  const note = ({ value, hadRecentInput, sources }) => {
    if (!hadRecentInput) window.shifts.push({ value, moved: sources.map(({ node }) => node?.className || node?.nodeName) });
  };
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type: "layout-shift", buffered: true });
}

/** Opens a window whose requests to the API take a while. */
async function openSlowly(account, view) {
  const page = account ? await openAs(account, "/login", view) : await open("/login", view);
  await page.addInitScript(observe);
  await page.route("**/*", async (route) => {
    if (route.request().resourceType() === "fetch") await new Promise((done) => setTimeout(done, RESPONSE_MS));
    await route.continue();
  });
  return page;
}

const pages = await listPages(base);
const moving = [];
for (const account of new Set(pages.map((each) => each.account))) for (const [width, language] of VIEWS) {
  const page = await openSlowly(account, { width, language });
  for (const { name, address, ready } of pages.filter((each) => each.account === account)) {
    await page.goto(new URL(address, base).href);
    await page.locator(ready).first().waitFor({ state: "attached" });
    await page.waitForLoadState("networkidle");
    const shifts = await page.evaluate(() => window.shifts);
    const sum = shifts.reduce((total, { value }) => total + value, 0);
    if (sum > MAX_SHIFT) moving.push(`${name} ${language} ${width}: ${JSON.stringify(shifts)}`);
  }
  await page.context().close();
}
assert.deepEqual(moving, []);

// The places of what is to come pulse, except for a reader who wants no motion.
const bookings = pages.find(({ name }) => name === "bookings");
const page = await openSlowly(bookings.account, {});
await page.goto(new URL(bookings.address, base).href);
const countAnimations = async (reducedMotion) => {
  await page.emulateMedia({ reducedMotion });
  await page.reload();
  await page.locator(".ghost").first().waitFor();
  return page.evaluate(() => document.getAnimations().length);
};
assert.ok((await countAnimations("no-preference")) > 0);
assert.equal(await countAnimations("reduce"), 0);

await close();
console.log("nothing moves while a page waits");
