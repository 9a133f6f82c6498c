// A guest sees a booking, changes it, saves and prints it, and cancels it: node my-bookings.mjs BASE_URL SCREENSHOT_FOLDER
import assert from "node:assert/strict";
import fs from "node:fs";
import { call, dayAhead, failWith, PASSWORD, signUp, startBrowser, storeSession, waitForFocus } from "./browser.mjs";

const [base, folder] = process.argv.slice(2);
const { open, openAs, audit, screenshot, expect, close } = await startBrowser(base, folder);

/** Makes a venue that offers `count` days from `first` days ahead. Returns its id and the days. */
async function makeVenue(owner, count, first = 40) {
  const days = Array.from({ length: count }, (_, index) => dayAhead(first + index));
  const body = {
    venue_name: "Gulshan Banquet", type: "Banquet", address: "Block 5, Gulshan-e-Iqbal, Karachi", capacity: 300, maps_location: { lat: 24.9, lng: 67.1 },
    dates_available: days, pricing: { overrides: days.map((date) => ({ date, price: 317000 })) },
  };
  const { venue_id } = await call(base, "POST", "/venues/register", { token: owner.token, body });
  return { venue_id, days };
}

const book = async (guest, venue_id, date) => (await call(base, "POST", "/bookings", { token: guest.token, body: { venue_id, date, guests: 250, notes: "Mehndi the evening before" } })).booking;

const owner = await signUp(base, "Bilal Ahmed", { is_venue_owner: true, contact_number: "0300-1234567" });
const guest = await signUp(base);
const { venue_id, days } = await makeVenue(owner, 3);
const third = await book(guest, venue_id, days[2]);
await call(base, "PATCH", `/bookings/${third.id}`, { token: owner.token, body: { status: "confirmed" } });
const booking = await book(guest, venue_id, days[0]);
const second = await book(guest, venue_id, days[1]);
const address = `/my/bookings/${booking.id}`;

// Without a session, the page leads to the log-in page and back.
const visitor = await open(address);
await visitor.waitForURL(/\/login\?next=%2Fmy%2Fbookings%2F/);
await visitor.getByLabel("E-mail address").fill(guest.email);
await visitor.getByLabel("Password", { exact: true }).fill(PASSWORD);
await visitor.keyboard.press("Enter");
await visitor.getByRole("heading", { name: "Gulshan Banquet", level: 1 }).waitFor();
await visitor.context().close();

// Further pages are appended.
const many = await openAs(guest, "/login");
await many.route("**/bookings?**", (route) => route.continue({ url: route.request().url().replace("limit=20", "limit=2") }));
await many.goto(`${base}/my/bookings`);
await many.getByRole("button", { name: "Show more bookings" }).click();
await many.locator(".booking-row").nth(2).waitFor();
assert.equal(await many.getByRole("button", { name: "Show more bookings" }).count(), 0);
await many.context().close();

// From the list to the booking, by keyboard alone: change guests and note.
const page = await openAs(guest, "/my/bookings");
const link = page.getByRole("link", { name: "Gulshan Banquet" }).first();
await link.focus();
await page.keyboard.press("Enter");
await page.getByRole("heading", { name: "Gulshan Banquet", level: 1 }).waitFor();
await waitForFocus(page.locator("h1"));
const contact = page.locator(".contact");
assert.equal(await contact.getByRole("link", { name: "Call" }).getAttribute("href"), "tel:+923001234567");
assert.match(await contact.getByRole("link", { name: "WhatsApp" }).getAttribute("href"), /^https:\/\/wa\.me\/923001234567/);
assert.match(await page.locator("#state").innerText(), /holds the day for you until \d+ \w+, \d\d:\d\d/);
await page.getByRole("button", { name: "Change guests or note" }).focus();
await page.keyboard.press("Enter");
await page.getByRole("dialog").waitFor();
await audit(page, "change dialog");
await screenshot(page, "change-dialog");

// 422 in both ways: too few by the rule of the field, too many for the venue.
expect(/status of 422/);
await page.getByLabel("Guests", { exact: true }).fill("0");
await page.keyboard.press("Enter");
await page.getByText("The smallest value is 1.").waitFor();
await waitForFocus(page.getByLabel("Guests", { exact: true }));
await page.getByLabel("Guests", { exact: true }).fill("5000");
await page.keyboard.press("Enter");
await page.getByText("The venue does not hold so many guests.").waitFor();
await page.getByLabel("Guests", { exact: true }).fill("280");
await page.getByLabel("Your note to the venue").fill("Mehndi at noon");
await page.getByRole("button", { name: "Save", exact: true }).focus();
await page.keyboard.press("Enter");
await page.getByText("Your change is saved.").waitFor();
await page.getByText("Guests: 250 → 280").waitFor();
assert.equal((await call(base, "GET", `/bookings/${booking.id}`, { token: guest.token })).booking.guests, 280);

// The calendar file comes with the token, and is saved under a name.
const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save in my calendar" }).click()]);
assert.equal(download.suggestedFilename(), `halls-${booking.date}.ics`);
assert.match(fs.readFileSync(await download.path(), "utf8"), /BEGIN:VEVENT/);

// The booking prints as one page of A5.
await page.emulateMedia({ media: "print" });
assert.ok(await page.locator(".booking-card").isVisible());
for (const hidden of [".history", ".actions", ".head", ".foot", ".contact a"]) assert.ok(!(await page.locator(hidden).first().isVisible()), hidden);
const pdf = await page.pdf({ path: `${folder}/booking.pdf`, preferCSSPageSize: true });
assert.equal(pdf.toString("latin1").match(/\/Type \/Page\b/g).length, 1, "one page");
const [, width, height] = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(pdf.toString("latin1"));
assert.deepEqual([Math.round(width), Math.round(height)], [420, 595], "A5 in points");
await page.emulateMedia({ media: "screen" });

// The session ends while a form is open: the form stays, and is sent after a log-in.
expect(/status of 401/);
await call(base, "POST", "/auth/logout", { token: guest.token, body: { everywhere: true } });
await page.getByRole("button", { name: "Change guests or note" }).click();
await page.getByLabel("Guests", { exact: true }).fill("260");
await page.getByRole("button", { name: "Save", exact: true }).click();
await page.getByText("Log in and we will send your request.").waitFor();
assert.equal(await page.getByLabel("Guests", { exact: true }).inputValue(), "260", "the form keeps its content");
await audit(page, "log in again");
await screenshot(page, "log-in-again");
await page.getByLabel("E-mail address").fill(guest.email);
await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
await page.getByRole("button", { name: "Log in and send" }).click();
await page.getByText("Guests: 280 → 260").waitFor();

// 503: the dialog offers another attempt. Then the booking is cancelled, with a reason.
expect(/status of 503/, /status of 429/, /status of 403/, /status of 404/, /status of 409/, /status of 400/);
await page.getByRole("button", { name: "Cancel this booking" }).click();
await page.getByRole("dialog").waitFor();
await audit(page, "cancel dialog");
await page.getByLabel("Reason for the venue").fill("The date has moved");
await page.route(`**/bookings/${booking.id}`, failWith(503, "database_unavailable", { headers: { "Retry-After": "5" } }), { times: 1 });
await page.getByRole("dialog").getByRole("button", { name: "Cancel this booking" }).click();
await page.getByText("We can't reach our database at the moment.").waitFor();
await page.getByRole("button", { name: "Try again" }).click();
await page.getByText("The booking is cancelled.").waitFor();
await page.locator(".state", { hasText: "Cancelled by you" }).waitFor();
await waitForFocus(page.locator("#state"));
assert.equal(await page.getByRole("button", { name: "Cancel this booking" }).count(), 0);
assert.equal((await call(base, "GET", `/bookings/${booking.id}`, { token: owner.token })).booking.cancellation.reason, "The date has moved");
await audit(page, "cancelled");
await screenshot(page, "cancelled");
await page.getByRole("link", { name: "My bookings" }).last().click();
await page.getByRole("link", { name: "Cancelled" }).click();
await page.locator(".state", { hasText: "Cancelled by you" }).waitFor();

// The venue declines while the page is open: 409, and the page shows the new state.
await page.goto(`${base}/my/bookings/${second.id}`);
await page.getByRole("button", { name: "Change guests or note" }).waitFor();
await call(base, "PATCH", `/bookings/${second.id}`, { token: owner.token, body: { status: "cancelled", reason: "Repairs" } });
await page.getByRole("button", { name: "Change guests or note" }).click();
await page.getByLabel("Guests", { exact: true }).fill("200");
await page.getByRole("button", { name: "Save", exact: true }).click();
await page.getByText("This booking has changed in the meantime.").waitFor();
await page.locator(".state", { hasText: "Declined by the venue" }).waitFor();
await page.getByText("Repairs").first().waitFor();

// No bookings: a way on.
await page.goto(`${base}/my/bookings?show=past`);
await page.getByText("You have no past bookings.").waitFor();
await audit(page, "no bookings");
await page.getByRole("link", { name: "Find a venue" }).click();
await page.waitForURL(`${base}/`);

// 500: the number of the request, and a button that copies it. 503: another attempt.
expect(/status of 500/);
await page.route("**/bookings?**", failWith(500, "internal", { headers: { "X-Request-ID": "request-of-the-list" } }), { times: 1 });
await page.goto(`${base}/my/bookings`);
await page.getByText("Something went wrong on our side.").waitFor();
await page.getByText("request-of-the-list").waitFor();
await audit(page, "500");
await page.getByRole("button", { name: "Copy" }).click();
await page.getByRole("button", { name: "Copied" }).waitFor();
await page.route("**/bookings?**", failWith(503, "database_unavailable"), { times: 1 });
await page.getByRole("button", { name: "Try again" }).click();
await page.getByText("We can't reach our database at the moment.").waitFor();
await page.getByRole("button", { name: "Try again" }).click();
await page.locator(".booking-row:not(.ghost)").first().waitFor();

// 404, 403, 429, offline.
await page.goto(`${base}/my/bookings/${"0".repeat(24)}`);
await page.getByText("There is no such booking.").waitFor();
await audit(page, "404");
await page.goto(`${base}/my/bookings/nothing`);
await page.getByText("There is no such booking.").waitFor();
await page.route("**/bookings?**", failWith(429, "rate_limited", { headers: { "Retry-After": "1" } }), { times: 1 });
await page.goto(`${base}/my/bookings`);
await page.getByText("We will try again in 1 seconds.").waitFor();
await page.locator(".booking-row:not(.ghost), .note").first().waitFor();
const other = await signUp(base, "Sana Malik");
const stranger = await openAs(other, `/my/bookings/${second.id}`);
await stranger.getByText("This belongs to another account.").waitFor();
await audit(stranger, "403");
await stranger.getByRole("button", { name: "Log in with another account" }).click();
await stranger.waitForURL(/\/login\?next=%2Fmy%2Fbookings%2F/);
await stranger.context().close();
await page.goto(`${base}/my/bookings/${third.id}`);
await page.getByText("The venue has confirmed.").waitFor();
expect(/ERR_INTERNET_DISCONNECTED/);
await page.context().setOffline(true);
await page.getByText("You are offline. What you see may be out of date.").waitFor();
await page.getByRole("button", { name: "Save in my calendar" }).click();
await page.getByText("You are offline. Check your connection.").waitFor();
await page.context().setOffline(false);
await page.context().close();

await close();
console.log("the bookings work");
