// A guest finds venues: node search.mjs BASE_URL
import assert from "node:assert/strict";
import { dayAhead, failWith, passOn, startBrowser, waitForFocus } from "./browser.mjs";

const [base] = process.argv.slice(2);
const { open, audit, expect, close } = await startBrowser(base);
const day = dayAhead(30);
const cards = ".card:not(.ghost)";

// From the start page to results, with a place in words, a day and guests.
const page = await open("/");
await page.locator(cards).first().waitFor();
await page.getByLabel("Where").fill("lahore");
await page.getByLabel("Guests").fill("100");
await page.getByLabel("When", { exact: true }).fill(day);
await page.getByRole("button", { name: "Search" }).click();
await page.getByRole("heading", { name: "Venues in Lahore" }).waitFor();
await page.locator(cards).first().waitFor();
await waitForFocus(page.locator("h1"));
const query = new URL(page.url()).searchParams;
assert.deepEqual([query.get("place"), query.get("date"), query.get("guests")], ["lahore", day, "100"]);

// A filter changes the address and the results; "back" undoes it.
const before = await page.locator("[role=status].muted").innerText();
await page.getByRole("radio", { name: "Lawns" }).check();
await page.waitForURL(/type=Lawn/);
await page.waitForFunction((text) => document.querySelector(".title [role=status]").innerText !== text, before);
assert.ok((await page.locator(`${cards} .kind`).allInnerTexts()).every((text) => text.startsWith("Lawn")));
await page.goBack();
await page.waitForFunction((text) => document.querySelector(".title [role=status]").innerText === text, before);

// The strip leads to a neighbouring day.
await page.locator(".strip a").last().click();
await page.waitForFunction((old) => new URL(location.href).searchParams.get("date") > old, day);

// Filters in the dialog, by keyboard; Escape closes it and the focus returns.
const filters = page.getByRole("button", { name: "Filters" });
await filters.focus();
await page.keyboard.press("Enter");
await page.getByRole("dialog").waitFor();
await audit(page, "dialog");
await page.keyboard.press("Escape");
await waitForFocus(filters);
await filters.click();
await page.getByRole("checkbox", { name: "Air conditioning" }).check();
await page.getByLabel("How exact is the day?").selectOption("7");
await page.getByRole("dialog").getByRole("button", { name: "Show" }).click();
await page.waitForURL(/amenities=air_conditioner/);
await page.locator(cards).first().waitFor();

// Nothing found: a link drops what was too much.
await page.goto(`${base}/find?place=karachi&guests=90000`);
await page.getByText("No venue matches all of this.").waitFor();
await audit(page, "nothing found");
await page.getByRole("link", { name: "Any number of guests" }).click();
await page.locator(cards).first().waitFor();

// Further pages are appended.
await page.goto(`${base}/find?place=karachi`);
await page.locator(cards).first().waitFor();
const more = page.getByRole("button", { name: "Show more venues" });
if (await more.count()) {
  const shown = await page.locator(cards).count();
  await more.click();
  await page.waitForFunction(([selector, count]) => document.querySelectorAll(selector).length > count, [cards, shown]);
}

// Another language, at once, after "back" from another document, and after a reload.
await page.getByRole("button", { name: "اردو" }).click();
await page.waitForFunction(() => document.documentElement.dir === "rtl");
for (const load of [() => page.goto(`${base}/docs`).then(() => page.goBack()), () => page.reload()]) {
  await load();
  await page.locator(cards).first().waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "ur");
}
await page.context().close();

// With many venues a page can be empty and have a cursor, and their number is unknown: the next page is read at once.
const search = "**/venues/search*limit=20*";
const many = await open("/");
let later;
await many.route(search, async (route) => {
  if (later) return route.fulfill({ json: { ok: true, data: { ...later, next_cursor: null, total: null } } });
  later = (await (await passOn(route)).json()).data;
  return route.fulfill({ json: { ok: true, data: { venues: [], next_cursor: "later", total: null } } });
});
await many.goto(`${base}/find?place=karachi&date=${day}`);
await many.locator(cards).first().waitFor();
assert.ok((await many.locator(".title [role=status]").innerText()).startsWith(`${later.venues.length} free`));
await many.context().close();

// 429: the page tries again by itself. 503 and offline: it says so, and a button tries again.
expect(/status of 429/, /status of 503/, /ERR_INTERNET_DISCONNECTED/);
const failing = await open(`/find?place=karachi&date=${day}`);
await failing.locator(cards).first().waitFor();
await failing.route(search, failWith(429, "rate_limited", { headers: { "Retry-After": "1" } }), { times: 1 });
await failing.reload();
await failing.getByText("We will try again in 1 seconds.").waitFor();
await failing.locator(cards).first().waitFor();
await failing.route(search, failWith(503, "database_unavailable", { headers: { "Retry-After": "5" } }), { times: 1 });
await failing.reload();
await failing.getByText("We can't reach our database at the moment.").waitFor();
await audit(failing, "503");
await failing.getByRole("button", { name: "Try again" }).click();
await failing.locator(cards).first().waitFor();
await failing.context().setOffline(true);
await failing.getByText("You are offline. What you see may be out of date.").waitFor();
assert.ok(await failing.locator(cards).count(), "what was loaded stays");
await failing.context().setOffline(false);
await failing.getByText("You are offline. What you see may be out of date.").waitFor({ state: "detached" });

await close();
console.log("the search works");
