// A guest finds venues on the map of the results: node map.mjs BASE_URL
import assert from "node:assert/strict";
import { dayAhead, startBrowser } from "./browser.mjs";

const [base] = process.argv.slice(2);
const { open, close } = await startBrowser(base);
const find = `/find?place=karachi&date=${dayAhead(30)}`;
const cards = ".card:not(.ghost)";

// Beside the list: a pin and its card light up together. A dot is no link.
const page = await open(find);
const pin = page.locator("a.pin:not(.dot)").first();
await pin.waitFor();
const id = await pin.getAttribute("data-venue");
await pin.focus();
await page.locator(`.card.lit a[href*="${id}"]`).waitFor();
await page.locator(`${cards} a[href*="${id}"]`).focus();
await page.locator(`.pin.lit[data-venue="${id}"]`).waitFor();
assert.equal(await page.locator(".pin.dot[href]").count(), 0);
assert.equal(await page.locator(".pin").count(), await page.locator(cards).count());

// After the map is moved, a button searches in its window; a place leads back.
assert.equal(await page.getByRole("button", { name: "Search this area" }).count(), 0);
await page.getByRole("button", { name: "Zoom in" }).click();
await page.getByRole("button", { name: "Search this area" }).click();
await page.waitForURL(/bbox=/);
await page.getByRole("heading", { name: "Venues in this area" }).waitFor();
await page.getByRole("button", { name: "Search this area" }).waitFor({ state: "detached" });
await page.getByLabel("Where").fill("Lahore");
await page.getByRole("button", { name: "Search", exact: true }).click();
await page.getByRole("heading", { name: "Venues in Lahore" }).waitFor();
assert.ok(!page.url().includes("bbox"));
await page.context().close();

// On a phone a switch shows the map in place of the list, and back.
const phone = await open(find, { width: 390 });
await phone.locator(cards).first().waitFor();
assert.equal(await phone.locator(".ground").isVisible(), false);
await phone.getByRole("link", { name: "Map" }).click();
await phone.locator(".pin").first().waitFor();
assert.equal(await phone.locator(cards).first().isVisible(), false);
await phone.getByRole("link", { name: "List" }).click();
await phone.locator(cards).first().waitFor();

await close();
console.log("the map works");
