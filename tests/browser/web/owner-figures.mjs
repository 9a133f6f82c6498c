// An owner reads figures, makes a calendar feed and a webhook: node owner-figures.mjs BASE_URL SCREENSHOT_FOLDER
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import { call, dayAhead, signUp, startBrowser, waitForFocus } from "./browser.mjs";

const [base, folder] = process.argv.slice(2);
const { openAs, audit, screenshot, expect, close } = await startBrowser(base, folder);
const PHONE = { width: 390, height: 844 };

async function makeVenue(owner, venue_name, days, price) {
  const body = { venue_name, type: "Hall", address: "Saddar, Karachi", capacity: 350, maps_location: { lat: 24.86, lng: 67.02 }, dates_available: days, pricing: { overrides: days.map((date) => ({ date, price })) } };
  return (await call(base, "POST", "/venues/register", { token: owner.token, body })).venue_id;
}

const owner = await signUp(base, "Bilal Ahmed", { is_venue_owner: true });
const guest = await signUp(base, "Ayesha Khan");
const days = [20, 21, 22, 50, 51].map(dayAhead);
const shahi = await makeVenue(owner, "Shahi Hall", days, 185000);
const moti = await makeVenue(owner, "Moti Mahal Banquet and Marquee, North Nazimabad", days.slice(0, 2), 240000);
const walkIn = (venue_id, date, full_name) => call(base, "POST", `/venues/${venue_id}/walk-ins`, { token: owner.token, body: { date, guests: 250, guest: { full_name } } });
await walkIn(shahi, days[0], "Sana Malik");
await walkIn(shahi, days[3], "=Hina Raza");
await walkIn(moti, days[0], "Omar Farooq");
await call(base, "POST", "/bookings", { token: guest.token, body: { venue_id: shahi, date: days[1], guests: 200 } });

// The figures agree with the bookings: as a chart, as a table, and as a file.
const page = await openAs(owner, "/owner/statistics", PHONE);
const total = (name) => page.locator(".totals > div", { hasText: name }).locator("b");
await page.locator(".chart").nth(1).waitFor();
assert.equal(await total("Days booked").innerText(), "3");
assert.equal(await total("Of the days offered").innerText(), "43%");
assert.equal(await total("Agreed prices").innerText(), "Rs 6.1 lakh");
assert.equal(await total("Requests without an answer").innerText(), "1");
await page.getByRole("link", { name: "Venue", exact: true }).click();
await page.locator(".chart li", { hasText: "Moti Mahal" }).first().waitFor();
assert.match(await page.locator(".chart").first().textContent(), /Shahi Hall\s*2 of 5 · 40%/);
await page.getByText("Read as a table").click();
const cells = await page.locator(".figure-table tbody tr", { hasText: "Shahi Hall" }).locator("td").allInnerTexts();
assert.deepEqual(cells.slice(0, 5), ["5", "2", "40%", "1", "Rs 370,000"]);
assert.match(await page.locator(".figure-table tfoot").innerText(), /Rs 610,000/);
await screenshot(page, "figures-table");
const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download the bookings (CSV)" }).click()]);
assert.match(download.suggestedFilename(), /^halls-\d{4}-\d\d-01-\d{4}-\d\d-\d\d\.csv$/);
const csv = fs.readFileSync(await download.path(), "utf8");
assert.equal(csv.trim().split("\r\n").length, 5, "a head and four bookings");
assert.match(csv, /,'=Hina Raza,/);

// One venue, the days of the week, and other days. The address has the choice.
await page.getByLabel("Venue", { exact: true }).selectOption({ label: "Shahi Hall" });
await page.getByRole("link", { name: "Day of the week" }).click();
await page.waitForURL(/venue=[0-9a-f]{24}.*by=weekday|by=weekday.*venue=/);
await page.waitForFunction(() => document.querySelector(".totals b")?.textContent === "2");
await page.locator(".chart").first().locator("li").nth(6).waitFor();
await page.reload();
await page.locator(".chart").nth(1).waitFor();
assert.equal(await page.getByLabel("Venue", { exact: true }).inputValue(), shahi);
expect(/status of (422|404|409)/);
await page.getByLabel("Period").selectOption("own");
await page.getByLabel("From", { exact: true }).fill(days[3]);
await page.getByLabel("To", { exact: true }).fill(days[0]);
await page.getByRole("button", { name: "Show", exact: true }).click();
await page.locator(".fault").waitFor();
await audit(page, "wrong period");
await page.getByLabel("From", { exact: true }).fill(days[0]);
await page.getByRole("button", { name: "Show", exact: true }).click();
await page.waitForFunction(() => document.querySelector(".totals b")?.textContent === "1");
const newcomer = await openAs(await signUp(base, "Hina Raza", { is_venue_owner: true }), "/owner/statistics", PHONE);
await newcomer.getByText("There is nothing to count in these days yet.").waitFor();
await audit(newcomer, "no figures");
await newcomer.context().close();

// A feed: the address is shown once, and a calendar program can read it.
await page.goto(`${base}/account/feeds`);
await page.getByText("You have no calendar feed yet.").waitFor();
await page.getByLabel("What it shows").selectOption({ label: "Bookings of Shahi Hall" });
await page.getByLabel("Name in your calendar").fill("Shahi");
await page.getByRole("button", { name: "Make the address" }).click();
await page.getByRole("heading", { name: "The address is ready" }).waitFor();
await waitForFocus(page.locator("#ready"));
await audit(page, "a new address");
await screenshot(page, "feed-address");
const url = await page.getByLabel("Address of the calendar").inputValue();
const readFeed = async (address) => fetch(base + new URL(address).pathname);
const calendar = await (await readFeed(url)).text();
assert.equal(calendar.match(/BEGIN:VEVENT/g).length, 3);
assert.match(calendar, /X-WR-CALNAME:Shahi/);
assert.match(await page.getByRole("link", { name: "Open in the calendar of this device" }).getAttribute("href"), /^webcal:/);
await page.getByText("Google Calendar", { exact: true }).click();
await page.getByText(/choose \+ and then “From URL”/).waitFor();
await page.reload();
await page.getByRole("heading", { name: "Shahi", exact: true }).waitFor();
assert.equal((await page.content()).includes(new URL(url).pathname), false);
assert.equal(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]).includes("/calendar/")), false, "the browser does not keep the address");

// A new address, by keyboard; the old one is dead. Then the feed is deleted.
await page.getByRole("button", { name: "New address" }).focus();
await page.keyboard.press("Enter");
await page.getByRole("dialog").waitFor();
await audit(page, "rotate");
await page.getByRole("dialog").getByRole("button", { name: "New address" }).focus();
await page.keyboard.press("Enter");
await page.getByRole("heading", { name: "The address is ready" }).waitFor();
await waitForFocus(page.locator("#ready"));
assert.equal((await readFeed(url)).status, 404);
assert.equal((await readFeed(await page.getByLabel("Address of the calendar").inputValue())).status, 200);
await page.getByRole("button", { name: "Delete" }).click();
await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
await page.getByText("The feed is deleted.").waitFor();
await page.getByText("You have no calendar feed yet.").waitFor();
const asGuest = await openAs(guest, "/account/feeds", PHONE);
await asGuest.getByRole("button", { name: "Make the address" }).click();
await asGuest.getByRole("heading", { name: "The address is ready" }).waitFor();
assert.deepEqual(await asGuest.locator("#field-kind option").allInnerTexts(), ["Bookings that I made as a guest"]);
await audit(asGuest, "feeds of a guest");
await asGuest.context().close();

// A webhook: its secret is shown once and signs what arrives.
const received = [];
const receiver = http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => { received.push({ headers: request.headers, body: Buffer.concat(parts).toString() }); response.writeHead(200).end(); });
});
await new Promise((done) => receiver.listen(0, "127.0.0.1", done));
const target = `http://127.0.0.1:${receiver.address().port}/halls`;
const wait = async (count) => { for (let tries = 0; received.length < count && tries < 300; tries++) await new Promise((done) => setTimeout(done, 100)); assert.equal(received.length, count); };
await page.goto(`${base}/account/webhooks`);
await page.getByText("You have no webhook yet.").waitFor();
await page.getByLabel("Address of your server").fill("ftp://nowhere.example");
await page.getByRole("button", { name: "Make the webhook" }).click();
await page.locator(".fault").waitFor();
await page.getByLabel("Address of your server").fill(target);
await page.getByLabel("Venue changed").uncheck();
await page.getByRole("button", { name: "Make the webhook" }).click();
await page.getByRole("heading", { name: "The secret of this webhook" }).waitFor();
await audit(page, "a new webhook");
const secret = await page.getByLabel("Secret", { exact: true }).inputValue();
assert.match(secret, /^whsec_/);
await page.getByRole("button", { name: "I have copied it" }).click();
await page.getByText("7 of 8 events").waitFor();
await page.getByRole("button", { name: "Send a test" }).click();
await wait(1);
const { headers, body } = received[0];
const signed = createHmac("sha256", Buffer.from(secret.slice(6), "base64")).update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`).digest("base64");
assert.ok(headers["webhook-signature"].split(" ").includes(`v1,${signed}`));
await page.getByRole("button", { name: "Read again" }).click();
await page.locator(".delivery-list .delivered").waitFor();
await audit(page, "deliveries");
await screenshot(page, "deliveries");
await page.getByRole("button", { name: "Deliver again" }).click();
await page.getByText("This event is delivered again.").waitFor();
await wait(2);
assert.equal(received[1].headers["webhook-id"], headers["webhook-id"]);
await page.getByRole("button", { name: "Change" }).click();
await page.getByRole("dialog").waitFor();
await audit(page, "change a webhook");
await page.getByRole("dialog").getByLabel("Venue changed").check();
await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
await page.getByText("Saved.").waitFor();
await page.getByText("All events", { exact: false }).first().waitFor();
await page.getByRole("button", { name: "Switch off" }).click();
await page.getByRole("button", { name: "Switch on" }).waitFor();
await page.getByRole("button", { name: "New secret" }).click();
await page.getByRole("dialog").getByRole("button", { name: "New secret" }).click();
await page.getByText("The old secret signs requests for 24 more hours").waitFor();
assert.notEqual(await page.getByLabel("Secret", { exact: true }).inputValue(), secret);
await page.getByRole("button", { name: "Delete" }).click();
await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
await page.getByText("The webhook is deleted.").waitFor();
assert.deepEqual((await call(base, "GET", "/webhooks", { token: owner.token })).webhooks, []);
await page.context().close();
receiver.close();

await close();
console.log("figures, feeds and webhooks work");
