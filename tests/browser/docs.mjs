// Tests /docs in headless Chromium: node docs.mjs BASE_URL SCREENSHOT_FOLDER
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const [base, folder] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
const problems = [];
page.on("console", (message) => ["error", "warning"].includes(message.type()) && problems.push(message.text()));
page.on("pageerror", (error) => problems.push(String(error)));
page.on("requestfailed", (request) => problems.push(`failed: ${request.url()}`));
page.on("request", (request) => {
  const { protocol, host } = new URL(request.url());
  if (protocol !== "data:" && host !== new URL(base).host) problems.push(`request to another host: ${request.url()}`);
});
let screenshotCount = 0;
const takeScreenshot = (name) => page.screenshot({ path: `${folder}/${++screenshotCount}-${name}.png` });

// Opens a route, sends its request, and returns the status and the JSON that the page shows.
async function send(name, fill = async () => {}) {
  const route = page.locator(`[id$="-${name}"]`);
  await route.locator(".opblock-summary-control").click();
  await route.locator(".btn.execute").waitFor();
  await fill(route);
  await route.locator(".btn.execute").click();
  const response = route.locator(".live-responses-table");
  await response.locator(".highlight-code").first().waitFor();
  await route.scrollIntoViewIfNeeded();
  return {
    route,
    status: (await response.locator(".response-col_status").nth(1).innerText()).split("\n")[0],
    json: JSON.parse(await response.locator(".highlight-code code").first().innerText()),
  };
}

async function openPage() {
  await page.goto(`${base}/docs`);
  await page.locator(".opblock").first().waitFor();
}

await openPage();
assert.equal(await page.title(), "Halls API");
await takeScreenshot("page");

const account = { email: "ayesha@example.com", password: "lime-kettle-harbour", is_venue_owner: true };
const signUp = await send("sign_up", (route) => route.locator("textarea").fill(JSON.stringify(account)));
assert.equal(signUp.status, "201");
await takeScreenshot("signed-up");

// A sign-up authorises the page. After a logout, a token can be entered. It survives a reload.
const me = await send("get_profile");
assert.equal(me.status, "200");
assert.equal(me.json.data.profile.email, account.email);
await page.locator(".btn.authorize").click();
await page.locator(".modal-ux .btn", { hasText: "Logout" }).click();
await page.locator(".modal-ux input").fill(signUp.json.data.token);
await takeScreenshot("authorise");
await page.locator(".modal-ux .btn.authorize").click();
await page.locator(".modal-ux .btn-done").click();
await openPage();
const reloaded = await send("get_profile");
assert.equal(reloaded.status, "200");

const registered = await send("register_venue");
assert.equal(registered.status, "201");
const search = await send("list_matching_venues", async (route) => {
  await route.locator('tr[data-param-name="type"] select').selectOption("Hall");
  await route.locator('tr[data-param-name="capacity_min"] input').fill("100");
});
assert.equal(search.status, "200");
assert.deepEqual(search.json.data.venues.map((venue) => venue.id), [registered.json.data.venue_id]);
await search.route.locator(".live-responses-table").scrollIntoViewIfNeeded();
await takeScreenshot("search");

const order = {
  venue_id: registered.json.data.venue_id,
  date: registered.json.data.venue.dates_available[0],
  guests: 100,
};
const booked = await send("create_booking", (route) => route.locator("textarea").fill(JSON.stringify(order)));
assert.equal(booked.status, "201");
assert.equal(booked.json.data.booking.status, "pending");
await booked.route.locator(".live-responses-table").scrollIntoViewIfNeeded();
await takeScreenshot("booked");

await page.setViewportSize({ width: 390, height: 800 });
await openPage();
await takeScreenshot("telephone");

assert.deepEqual(problems, []);
await browser.close();
console.log("/docs works");
