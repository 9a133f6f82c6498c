// A guest books, and an owner lists a venue, over plain HTTP, where browsers have no crypto.randomUUID and no clipboard: node plain-http.mjs BASE_URL SCREENSHOT_FOLDER
import assert from "node:assert/strict";
import { UNTRUSTED_NAME, findFreeVenue, startBrowser } from "./browser.mjs";
import { makePhotographs } from "./parts/photographs.mjs";

const [base, folder] = process.argv.slice(2);
const { open, expect, close } = await startBrowser(base.replace("127.0.0.1", UNTRUSTED_NAME), folder);
const { venue, days: [day] } = await findFreeVenue(base, 1);
// Browsers ignore this header without HTTPS, and say so.
expect(/Cross-Origin-Opener-Policy/);

const page = await open(`/hall/${venue.id}?date=${day}&guests=200`);
assert.equal(await page.evaluate(() => isSecureContext), false);
await page.locator(".calendar button.free").first().waitFor();
assert.equal(await page.getByRole("button", { name: "Copy the link" }).count(), 0);
await page.getByRole("button", { name: "Request to book" }).click();
await page.getByLabel("E-mail address").fill("guest1@halls.example");
await page.getByLabel("Password", { exact: true }).fill("wedding season 7");
await page.getByRole("button", { name: "Log in and send" }).click();
await page.getByRole("heading", { name: "The venue has your request." }).waitFor();

const owner = await open("/login?next=%2Fowner%2Fvenues%2Fnew", { width: 390, height: 844 });
await owner.getByLabel("E-mail address").fill("owner1@halls.example");
await owner.getByLabel("Password", { exact: true }).fill("wedding season 7");
await owner.keyboard.press("Enter");
await owner.getByLabel("Name of the venue").fill("Chandni Lawn");
await owner.goto(`${owner.url().split("?")[0]}?step=3`);
await owner.locator("#field-pictures").setInputFiles(await makePhotographs(owner));
await owner.waitForFunction(() => document.querySelectorAll(".photo img").length === 2 && !document.querySelector(".going"));
assert.equal(await owner.locator(".photo .fault").count(), 0);

await close();
console.log("a venue can be booked and listed over plain HTTP");
