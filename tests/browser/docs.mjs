// Walks through /docs in headless Chromium: node docs.mjs BASE_URL FOLDER_FOR_SCREENSHOTS
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const [base, folder] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
const complaints = [];
page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
page.on("pageerror", (error) => complaints.push(String(error)));
page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}`));
page.on("request", (request) => {
  const { protocol, host } = new URL(request.url());
  if (protocol !== "data:" && host !== new URL(base).host) complaints.push(`asked another host: ${request.url()}`);
});
let pictures = 0;
const shoot = (name) => page.screenshot({ path: `${folder}/${++pictures}-${name}.png` });

// Opens a route, sends it, and returns the status and the JSON that the page shows.
async function send(name, fill = async () => {}) {
  const route = page.locator(`[id$="-${name}"]`);
  await route.locator(".opblock-summary-control").click();
  await route.locator(".btn.execute").waitFor();
  await fill(route);
  await route.locator(".btn.execute").click();
  const answer = route.locator(".live-responses-table");
  await answer.locator(".highlight-code").first().waitFor();
  await route.scrollIntoViewIfNeeded();
  return {
    route,
    status: (await answer.locator(".response-col_status").nth(1).innerText()).split("\n")[0],
    json: JSON.parse(await answer.locator(".highlight-code code").first().innerText()),
  };
}

async function openPage() {
  await page.goto(`${base}/docs`);
  await page.locator(".opblock").first().waitFor();
}

await openPage();
assert.equal(await page.title(), "Halls API");
await shoot("page");

const person = { email: "ayesha@example.com", password: "lime-kettle-harbour", is_venue_owner: true };
const signUp = await send("sign_up", (route) => route.locator("textarea").fill(JSON.stringify(person)));
assert.equal(signUp.status, "201");
await shoot("signed-up");

// Who signs up on the page is authorised on it; logged out, the token can be typed in; reloaded, it is still there.
const me = await send("get_profile");
assert.equal(me.status, "200");
assert.equal(me.json.data.profile.email, person.email);
await page.locator(".btn.authorize").click();
await page.locator(".modal-ux .btn", { hasText: "Logout" }).click();
await page.locator(".modal-ux input").fill(signUp.json.data.token);
await shoot("authorise");
await page.locator(".modal-ux .btn.authorize").click();
await page.locator(".modal-ux .btn-done").click();
await openPage();
const again = await send("get_profile");
assert.equal(again.status, "200");

const made = await send("register_venue");
assert.equal(made.status, "201");
const search = await send("list_matching_venues", async (route) => {
  await route.locator('tr[data-param-name="type"] select').selectOption("Hall");
  await route.locator('tr[data-param-name="capacity_min"] input').fill("100");
});
assert.equal(search.status, "200");
assert.deepEqual(search.json.data.venues.map((venue) => venue.id), [made.json.data.venue_id]);
await search.route.locator(".live-responses-table").scrollIntoViewIfNeeded();
await shoot("search");

const order = { venue_id: made.json.data.venue_id, date: made.json.data.venue.dates_available[0], guests: 100 };
const booked = await send("create_booking", (route) => route.locator("textarea").fill(JSON.stringify(order)));
assert.equal(booked.status, "201");
assert.equal(booked.json.data.booking.status, "pending");
await booked.route.locator(".live-responses-table").scrollIntoViewIfNeeded();
await shoot("booked");

await page.setViewportSize({ width: 390, height: 800 });
await openPage();
await shoot("telephone");

assert.deepEqual(complaints, []);
await browser.close();
console.log("the page works");
