// What the journeys share: a browser whose pages may print nothing and load nothing from another host, and axe.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
// A machine that runs other tests, too, may need long for one step.
const STEP_MS = 60_000;
/** The rules of axe whose result depends on the colour scheme. */
export const COLOUR_RULES = ["color-contrast", "link-in-text-block"];
export const LANGUAGES = ["en", "ur"];
export const WIDTHS = [390, 1280];
/** A name of this machine, which browsers do not trust without HTTPS. */
export const UNTRUSTED_NAME = "halls.test";
// Behind NGINX: the address and port of its host name, and the URL of the application for the requests of rivals.
const { NGINX_ADDRESS, API_URL } = process.env;

/** Starts Chromium for the server at `base`. Screenshots go into `folder`. Call `close` at the end: it fails after a complaint. */
export async function startBrowser(base, folder) {
  const names = `MAP ${UNTRUSTED_NAME} 127.0.0.1${NGINX_ADDRESS ? `, MAP ${new URL(base).hostname} ${NGINX_ADDRESS}` : ""}`;
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", `--host-resolver-rules=${names}`] });
  const complaints = [];
  let expected = [];

  /** Opens an address in a new page with an empty storage. */
  async function open(address, { width = 1280, height = 900, dark = false, language = "en" } = {}) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", reducedMotion: "reduce", ignoreHTTPSErrors: true });
    context.setDefaultTimeout(STEP_MS);
    const page = await context.newPage();
    page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => complaints.push(String(error.stack)));
    page.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol !== "data:" && protocol !== "blob:" && origin !== base) complaints.push(`request to another host: ${request.url()}`);
    });
    const url = new URL(address, base);
    url.searchParams.set("lang", language);
    await page.goto(url.href);
    return page;
  }

  /** Opens an address with the session of an account. */
  async function openAs(account, address, view = {}) {
    const page = await open("/login", view);
    await storeSession(page, account);
    await page.goto(new URL(address, base).href);
    return page;
  }

  /** Fails unless the page has no finding of axe, does not scroll sideways, and has one h1. */
  async function audit(page, name, rules = RULES) {
    await page.evaluate(axe);
    // Without `resultTypes`, axe takes time to describe each element that is right.
    const { violations } = await page.evaluate((runOnly) => window.axe.run(document, { runOnly, resultTypes: ["violations"] }), rules);
    const findings = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`);
    assert.deepEqual(findings, [], name);
    await checkWidth(page, name);
    assert.equal(await page.locator("h1").count(), 1, name);
  }

  return {
    open,
    openAs,
    audit,
    screenshot: (page, name) => page.screenshot({ path: `${folder}/${name}.png` }),
    /** Messages that a journey causes, such as "429". Chromium prints one for each error response. */
    expect: (...patterns) => { expected = [...expected, ...patterns]; },
    async close() {
      await browser.close();
      assert.deepEqual(complaints.filter((text) => !expected.some((pattern) => pattern.test(text))), []);
    },
  };
}

/** Waits until an element has the focus: the pages move it just after they have shown a change. */
export const waitForFocus = (locator) => locator.and(locator.page().locator(":focus")).waitFor();

/** Waits until there are so many elements: a page shows a change just after the press. */
export async function waitForCount(locator, count) {
  if (count > 0) await locator.nth(count - 1).waitFor({ state: "attached" });
  await locator.nth(count).waitFor({ state: "detached" });
}

/** Fails if the page scrolls sideways. */
export async function checkWidth(page, name) {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overflow, 0, `${name} scrolls sideways`);
}

/** Gives the page a session, as a log-in does. The page has it after its next load. */
export async function storeSession(page, { token, expires_at, profile }) {
  const stored = JSON.stringify({ token, expires_at, received_at: new Date().toISOString(), profile });
  await page.evaluate((text) => localStorage.setItem("halls.session", text), stored);
}

/** Returns a handler of `page.route` that answers with an error. */
export function failWith(status, code, { error = "Sentence.", details = [], headers = {} } = {}) {
  return (route) => route.fulfill({ status, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify({ ok: false, error, code, details }) });
}

/** Calls `check` for each language, width and colour scheme. */
export async function forEachView(check) {
  for (const language of LANGUAGES) for (const width of WIDTHS) for (const dark of [false, true]) {
    await check({ language, width, dark }, `${language}-${width}${dark ? "-dark" : ""}`);
  }
}

/** Sends a request to the API, such as that of a rival. Returns its data. */
export async function call(base, method, path, { body, token } = {}) {
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch((API_URL ?? base) + path, { method, headers, body: body && JSON.stringify(body) });
  const json = await response.json();
  assert.ok(json.ok, `${method} ${path}: ${JSON.stringify(json)}`);
  return json.data;
}

/** Sends the request of a handler of `page.route`, and returns the response. Node does not find the host name of NGINX. */
export function passOn(route) {
  const { pathname, search } = new URL(route.request().url());
  return route.fetch(API_URL ? { url: API_URL + pathname + search } : {});
}

export const PASSWORD = "lime-kettle-harbour";

/** Makes an account, so that the journeys do not meet. Returns its session and its e-mail address. */
export async function signUp(base, full_name = "Ayesha Khan", extra = {}) {
  const email = `${crypto.randomUUID()}@example.com`;
  const session = await call(base, "POST", "/auth/signup", { body: { full_name, email, password: PASSWORD, is_venue_owner: false, ...extra } });
  return { ...session, email };
}

/** Returns the log-in of an account of the demonstration data, such as "guest1". */
export const logIn = (base, name) => call(base, "POST", "/auth/login", { body: { email: `${name}@halls.example`, password: "wedding season 7" } });

/** Returns the day so many days ahead, as Karachi counts. */
export function dayAhead(days) {
  const today = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Karachi" }).format(new Date());
  return new Date(Date.parse(today) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Returns a venue in Karachi, and so many days of the next weeks on which it is free. Some more days are free, too. */
export async function findFreeVenue(base, count) {
  const where = "near_lat=24.86&near_lng=67&near_km=30&capacity_min=300&limit=100";
  const { venues } = await call(base, "GET", `/venues/search?${where}&date_from=${dayAhead(20)}&date_to=${dayAhead(50)}`);
  const venue = venues.find(({ free }) => free.length > count + 6);
  return { venue, days: venue.free.slice(2, count + 2).map(({ date }) => date) };
}
