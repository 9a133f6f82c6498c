// A guest looks at a venue: node hall.mjs BASE_URL SCREENSHOT_FOLDER
import assert from "node:assert/strict";
import { failWith, findFreeVenue, forEachView, passOn, startBrowser } from "./browser.mjs";

const [base, folder] = process.argv.slice(2);
const { open, audit, screenshot, expect, close } = await startBrowser(base, folder);
const free = ".calendar button.free";
const book = { name: "Request to book" };
const { venue, days: [day] } = await findFreeVenue(base, 1);
const address = `/hall/${venue.id}?date=${day}&guests=200`;

// Every view: pictures, calendar, map, panel.
await forEachView(async (view, name) => {
  const page = await open(address, view);
  await page.locator(free).first().waitFor();
  await screenshot(page, `hall-${name}`);
  // At any moment, the map replaces an empty box, so an element may be gone.
  await page.locator(".location .map").evaluate((map) => map.scrollIntoView({ block: "center" }));
  await page.locator(".location .pin").waitFor();
  await page.locator(".location .land").first().waitFor();
  await audit(page, `hall ${name}`);
  await screenshot(page, `hall-map-${name}`);
  await page.locator("#calendar").evaluate((title) => title.scrollIntoView());
  await screenshot(page, `hall-calendar-${name}`);
  await page.locator("#book").evaluate((panel) => panel.scrollIntoView());
  await screenshot(page, `hall-panel-${name}`);
  await page.context().close();
});
const small = await open(address, { width: 320 });
await small.locator(free).first().waitFor();
await audit(small, "hall at 320");
await small.context().close();

// The calendar by keyboard: one tab stop, arrows mirrored in Urdu, months, a choice with Enter.
const plus = (date, count) => new Date(Date.parse(date) + count * 86_400_000).toISOString().slice(0, 10);
const focused = (tab) => tab.evaluate(() => document.activeElement.dataset.day);
for (const language of ["en", "ur"]) {
  const keys = await open(address, { language });
  await keys.locator(free).first().waitFor();
  assert.equal(await keys.locator('.calendar table [tabindex="0"]').count(), 1, "one tab stop");
  await keys.locator(`[data-day="${day}"]`).focus();
  const steps = [[language === "ur" ? "ArrowLeft" : "ArrowRight", plus(day, 1)], ["ArrowDown", plus(day, 8)], ["ArrowUp", plus(day, 1)], [language === "ur" ? "ArrowRight" : "ArrowLeft", day]];
  for (const [key, expected] of steps) {
    await keys.keyboard.press(key);
    assert.equal(await focused(keys), expected, `${language} ${key}`);
  }
  await keys.keyboard.press("End");
  assert.equal(new Date(await focused(keys)).getUTCDay(), 0, "End leads to Sunday");
  await keys.keyboard.press("Home");
  assert.equal(new Date(await focused(keys)).getUTCDay(), 1, "Home leads to Monday");
  const before = await focused(keys);
  await keys.keyboard.press("PageDown");
  assert.notEqual((await focused(keys)).slice(0, 7), before.slice(0, 7));
  await keys.keyboard.press("PageUp");
  assert.equal((await focused(keys)).slice(0, 7), before.slice(0, 7));
  await keys.locator(free).last().focus();
  const wanted = await focused(keys);
  await keys.keyboard.press("Enter");
  await keys.waitForURL(new RegExp(`date=${wanted}`));
  await keys.context().close();
}

// Videos: none is loaded before it is started, and one by plain HTTP is left out.
const filmed = await open("/find?place=karachi", { width: 390 });
await filmed.route(`**/venues/${venue.id}`, async (route) => {
  const response = await passOn(route);
  const json = await response.json();
  json.data.venue.videos = [{ url: `${base}/media/tour.mp4`, size_mb: 18.5 }, { url: "http://videos.example/tour.mp4", size_mb: null }, { url: "https://videos.example/stage.mp4", size_mb: null }];
  await route.fulfill({ response, json });
});
await filmed.goto(base + address);
await filmed.getByRole("heading", { name: "Videos" }).waitFor();
assert.deepEqual(await filmed.locator("video").evaluateAll((all) => all.map((video) => video.getAttribute("src"))), ["/media/tour.mp4", "https://videos.example/stage.mp4"]);
await filmed.getByText("18.5 MB").waitFor();
await audit(filmed, "videos");
await filmed.locator("#videos").evaluate((title) => title.scrollIntoView());
await screenshot(filmed, "hall-videos");
await filmed.context().close();

// Paused, gone, and a calendar that could not be loaded.
expect(/status of (404|503)/);
const paused = await open("/find?place=karachi");
await paused.route(`**/venues/${venue.id}`, async (route) => {
  const response = await passOn(route);
  const json = await response.json();
  json.data.venue.is_listed = false;
  await route.fulfill({ response, json });
});
await paused.goto(base + address);
await paused.getByText("This venue takes no bookings at present.").waitFor();
assert.equal(await paused.getByRole("button", book).count(), 0);
await audit(paused, "paused");
await paused.context().close();
const gone = await open("/hall/0123456789abcdef01234567");
await gone.getByRole("heading", { name: "This venue is no longer here." }).waitFor();
await audit(gone, "gone");
await gone.getByRole("link", { name: "Back to the search" }).click();
await gone.waitForURL(/\/find/);
await gone.context().close();
const unlucky = await open("/find?place=karachi");
await unlucky.route("**/availability*", failWith(503, "database_unavailable"), { times: 1 });
await unlucky.goto(base + address);
await unlucky.getByText("We can't reach our database at the moment.").waitFor();
await unlucky.getByRole("button", { name: "Try again" }).click();
await unlucky.locator(free).first().waitFor();

// A link to share leads to WhatsApp with the name, the day and the address.
const share = new URL(await unlucky.getByRole("link", { name: "Share by WhatsApp" }).getAttribute("href"));
assert.equal(share.origin, "https://wa.me");
assert.ok(share.searchParams.get("text").includes(venue.venue_name) && share.searchParams.get("text").includes(`/hall/${venue.id}?date=${day}`));
await unlucky.context().close();

await close();
console.log("the page of a venue works");
