// An owner answers requests, sees the month, and records bookings made by telephone: node owner-requests.mjs BASE_URL SCREENSHOT_FOLDER
import assert from "node:assert/strict";
import { call, dayAhead, passOn, signUp, startBrowser, waitForFocus } from "./browser.mjs";

const [base, folder] = process.argv.slice(2);
const { open, openAs, audit, screenshot, expect, close } = await startBrowser(base, folder);

/** Makes a venue that offers these days. */
async function makeVenue(owner, venue_name, days) {
  const body = {
    venue_name, type: "Hall", address: "Block 5, Gulshan-e-Iqbal, Karachi", capacity: 400, maps_location: { lat: 24.9, lng: 67.1 },
    dates_available: days, pricing: { overrides: days.map((date) => ({ date, price: 317000 })) },
  };
  return (await call(base, "POST", "/venues/register", { token: owner.token, body })).venue_id;
}

const book = async (guest, venue_id, date, notes = "Mehndi the evening before") =>
  (await call(base, "POST", "/bookings", { token: guest.token, body: { venue_id, date, guests: 250, notes } })).booking;
const answer = (id, body) => call(base, "PATCH", `/bookings/${id}`, { token: owner.token, body });
const readBooking = async (id) => (await call(base, "GET", `/bookings/${id}`, { token: owner.token })).booking;

const owner = await signUp(base, "Bilal Ahmed", { is_venue_owner: true, contact_number: "0300-1234567" });
// Without a verified address, a guest may have two requests that wait.
const guest = await signUp(base, "Ayesha Khan");
const otherGuest = await signUp(base, "Hina Tariq", { contact_number: "0321-7654321" });
const narrow = { width: 390, height: 844 };

// A guest's account is told how to become an owner's. Then each page tells the first step.
const newcomer = await openAs(await signUp(base, "Sana Malik"), "/owner", narrow);
await newcomer.getByText("This page is for owners.").waitFor();
await audit(newcomer, "a guest's account");
await newcomer.getByRole("button", { name: "Open an owner's account" }).click();
await newcomer.getByText("You have no venue yet.").waitFor();
await audit(newcomer, "no venue");
await screenshot(newcomer, "no-venue");
assert.equal(await newcomer.getByRole("link", { name: "List a venue" }).first().getAttribute("href"), "/owner/venues/new");
await newcomer.getByRole("link", { name: "Requests", exact: true }).click();
await newcomer.getByText("No request waits for your answer.").waitFor();
await audit(newcomer, "no requests");
for (const [tab, text] of [["By telephone", "You have no venue yet."], ["Venues", "You have no venue yet."]]) {
  await newcomer.getByRole("navigation", { name: "Pages for owners" }).getByRole("link", { name: tab }).click();
  await newcomer.getByText(text).waitFor();
}
const token = await newcomer.evaluate(() => JSON.parse(localStorage.getItem("halls.session")).token);
await makeVenue({ token }, "Rose Garden", []);
await newcomer.getByRole("navigation", { name: "Pages for owners" }).getByRole("link", { name: "Overview" }).click();
await newcomer.getByText("Rose Garden offers no days yet.").waitFor();
await newcomer.locator(".glance .weeks tbody").nth(3).waitFor();
await audit(newcomer, "one venue without days");
await newcomer.screenshot({ path: `${folder}/one-venue.png`, fullPage: true });
await newcomer.context().close();

// Without a session, the page leads to the log-in page and back.
const visitor = await open("/owner/requests", narrow);
await visitor.waitForURL(/\/login\?next=%2Fowner%2Frequests/);
await visitor.context().close();

// The days are in the next month, so that one month shows all.
const nextMonth = dayAhead(31).slice(0, 7);
const days = Array.from({ length: 8 }, (_, index) => `${nextMonth}-${String(index + 10)}`);
const shahi = await makeVenue(owner, "Shahi Hall", days);
const moti = await makeVenue(owner, "Moti Mahal", days.slice(0, 2));
const walkInOnly = await makeVenue(owner, "Chandni Lawn", []);

// A guest sends a request in another browser; the owner's open page shows it when it is looked at again.
const page = await openAs(owner, "/owner", narrow);
await page.getByText("No request waits for your answer.").waitFor();
const guestPage = await openAs(guest, `/hall/${shahi}?date=${days[0]}&guests=300`, narrow);
await guestPage.getByRole("button", { name: "Request to book" }).first().click();
await guestPage.getByText("The venue has your request.").waitFor();
await guestPage.context().close();
await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
await page.getByRole("heading", { name: "1 request waits for your answer" }).waitFor();
const first = (await call(base, "GET", "/bookings?status=pending", { token: owner.token })).bookings[0];
const second = await book(guest, shahi, days[1]);
const third = await book(otherGuest, moti, days[0], "‮Please call before noon");
const fourth = await book(otherGuest, shahi, days[2]);
await answer(third.id, { hold_hours: 5 });

// The month shows each request.
await page.goto(`${base}/owner?month=${nextMonth}`);
await page.locator(".glance .mark.requested").nth(3).waitFor();
await audit(page, "a month with requests");

// Waiting requests: the one with the least time left comes first.
await page.goto(`${base}/owner/requests`);
const card = (name) => page.locator(".request", { hasText: name });
await page.locator(".request").nth(3).waitFor();
assert.match(await page.locator(".request").first().innerText(), /Moti Mahal[\s\S]*4 hours left to answer[\s\S]*Please call before noon/);
const phone = page.locator(".request").first();
assert.equal(await phone.getByRole("link", { name: "Call" }).getAttribute("href"), "tel:+923217654321");
assert.match(await phone.getByRole("link", { name: "WhatsApp" }).getAttribute("href"), /^https:\/\/wa\.me\/923217654321/);

// More time, by keyboard alone.
await phone.getByRole("button", { name: "More time" }).focus();
await page.keyboard.press("Enter");
await page.getByRole("dialog").waitFor();
await audit(page, "more time");
await page.getByLabel("3 days from now").focus();
await page.keyboard.press("Space");
await page.getByRole("button", { name: "Save" }).focus();
await page.keyboard.press("Enter");
await page.getByText("The time for your answer is changed.").waitFor();
await waitForFocus(page.locator("#notice"));
assert.ok(Date.parse((await readBooking(third.id)).hold_until) > Date.now() + 71 * 3_600_000);

// Confirm: the request leaves the list, and the guest sees it as confirmed.
await page.locator(`[data-id="${first.id}"]`).getByRole("button", { name: "Confirm" }).click();
await page.getByText("Confirmed. Ayesha Khan gets an e-mail.").waitFor();
await page.locator(`[data-id="${first.id}"]`).waitFor({ state: "detached" });
assert.equal((await readBooking(first.id)).status, "confirmed");

// Decline with a reason.
await page.locator(`[data-id="${second.id}"]`).getByRole("button", { name: "Decline" }).click();
await page.getByRole("dialog").waitFor();
await audit(page, "decline");
await screenshot(page, "decline");
await page.getByRole("button", { name: "Too many guests for our hall." }).click();
await page.getByRole("dialog").getByRole("button", { name: "Decline" }).click();
await page.locator(`[data-id="${second.id}"]`).waitFor({ state: "detached" });
assert.deepEqual((({ status, cancellation: { reason, from } }) => ({ status, reason, from }))(await readBooking(second.id)), { status: "cancelled", reason: "Too many guests for our hall.", from: "pending" });

// Another device confirms what this page still shows as waiting: "Decline" must not cancel it.
await answer(fourth.id, { status: "confirmed" });
await page.locator(`[data-id="${fourth.id}"]`).getByRole("button", { name: "Decline" }).click();
await page.getByRole("dialog").getByRole("button", { name: "Decline" }).click();
await page.getByText("This booking has changed on another device in the meantime.").waitFor();
assert.equal((await readBooking(fourth.id)).status, "confirmed");
await page.locator(`[data-id="${fourth.id}"]`).waitFor({ state: "detached" });

// The guest cancels between this page's look at the booking and its answer: 409, and the page shows the new state.
expect(/status of 409/, /status of 422/, /status of 403/, /status of 404/, /ERR_INTERNET_DISCONNECTED/);
await page.route(`**/bookings/${third.id}`, async (route) => {
  if (route.request().method() === "PATCH") await call(base, "PATCH", `/bookings/${third.id}`, { token: otherGuest.token, body: { status: "cancelled" } });
  await route.continue();
});
await page.locator(`[data-id="${third.id}"]`).getByRole("button", { name: "Confirm" }).click();
await page.getByText("This booking has changed on another device in the meantime.").waitFor();
await page.getByText("No request waits for your answer.").waitFor();
await page.unroute(`**/bookings/${third.id}`);
await page.getByRole("link", { name: "Declined and cancelled" }).click();
await page.locator(".state", { hasText: "Cancelled by the guest" }).waitFor();
await page.locator(".state", { hasText: "Declined by you" }).waitFor();

// One booking: its history, a block of its guest, and its cancellation.
await page.goto(`${base}/owner/requests/${first.id}`);
await page.getByRole("heading", { name: "Booking of Ayesha Khan", level: 1 }).waitFor();
await page.locator(".history li", { hasText: "Confirmed" }).waitFor();
await page.getByRole("button", { name: "Block this guest" }).click();
await audit(page, "block");
await page.getByRole("dialog").getByRole("button", { name: "Block this guest" }).click();
await page.getByText("This guest is blocked.").waitFor();
assert.equal((await call(base, "GET", "/auth/me/blocked", { token: owner.token })).blocked.length, 1);
await page.getByRole("button", { name: "Unblock this guest" }).click();
await page.getByText("This guest can send you requests again.").waitFor();
await page.getByRole("button", { name: "Cancel this booking" }).click();
await audit(page, "cancel");
await page.getByLabel("Reason for the guest").fill("The hall burnt down");
await page.getByRole("dialog").getByRole("button", { name: "Cancel this booking" }).click();
await page.locator(".state", { hasText: "Cancelled by you" }).waitFor();
await page.goto(`${base}/owner/requests/${"0".repeat(24)}`);
await page.getByText("There is no such booking.").waitFor();

// The operator has hidden a venue: the list of venues and the venue's page say so.
const asHidden = async (route) => {
  const response = await passOn(route);
  const text = await response.text();
  return route.fulfill({ response, body: text.replaceAll('"is_hidden":false', '"is_hidden":true') });
};
await page.route("**/venues/mine*", asHidden);
await page.route(`**/venues/${moti}`, asHidden);
await page.goto(`${base}/owner/venues`);
await page.getByText("Hidden by the operator of this site: guests can't find it").first().waitFor();
await audit(page, "hidden venues");
await page.getByRole("link", { name: "Moti Mahal" }).click();
await page.getByText("The operator of this site has hidden this venue.").waitFor();
await audit(page, "a hidden venue");
await page.unrouteAll();

// From a free day of the month to a booking by telephone: name, guests, telephone.
await page.goto(`${base}/owner?month=${nextMonth}`);
await page.locator(`a[href="/owner/walk-ins/new?venue=${shahi}&date=${days[3]}"]`).click();
await page.getByText("This day is free. Rs 317,000").waitFor();
await page.getByRole("button", { name: "Record the booking" }).click();
await page.getByText("Please fill this in.").first().waitFor();
await audit(page, "walk-in with faults");
await page.getByLabel("Name of the guest").fill("Imran Sheikh");
await page.getByLabel("Number of guests").fill("5000");
await page.getByRole("textbox", { name: "Telephone" }).fill("0333-1112223");
await page.getByRole("button", { name: "Record the booking" }).click();
await page.getByText("The venue does not hold so many guests.").waitFor();
await page.getByLabel("Number of guests").fill("350");

// The response is lost: another attempt has the same key, and makes one booking.
const keys = [];
await page.route("**/walk-ins", async (route) => {
  keys.push(route.request().headers()["idempotency-key"]);
  if (keys.length > 1) return route.continue();
  await passOn(route);
  return route.abort("internetdisconnected");
});
await page.getByRole("button", { name: "Record the booking" }).click();
await page.getByText("We could not confirm that the booking was recorded.").waitFor();
await page.getByRole("button", { name: "Record the booking" }).click();
await page.getByText("Recorded: Imran Sheikh").waitFor();
assert.equal(new Set(keys).size, 1);
await audit(page, "recorded");
await page.unroute("**/walk-ins");

// A taken day and a closed one.
await page.getByRole("button", { name: "Record another one" }).click();
await page.getByLabel("Venue").selectOption({ label: "Shahi Hall" });
await page.getByLabel("Day", { exact: true }).fill(days[3]);
await page.getByText("This day is taken:").waitFor();
await audit(page, "walk-in on a taken day");
await page.getByLabel("Venue").selectOption({ label: "Chandni Lawn" });
await page.getByText("You do not offer this day.").waitFor();
await page.getByLabel("Name of the guest").fill("Nida Raza");
await page.getByLabel("Number of guests").fill("200");
await page.getByText("Price and note").click();
await page.getByLabel("Price in rupees").fill("150000");
await page.getByRole("button", { name: "Offer this day and record the booking" }).click();
await page.getByText("Recorded: Nida Raza").waitFor();
const recorded = (await call(base, "GET", `/bookings?venue_id=${walkInOnly}`, { token: owner.token })).bookings[0];
assert.deepEqual([recorded.date, recorded.price_locked, recorded.is_walk_in, recorded.status], [days[3], 150000, true, "confirmed"]);

// The walk-in on its own page, and in the month.
await page.getByRole("link", { name: "See the booking" }).click();
await page.getByText("You have recorded this booking yourself.").waitFor();
assert.equal(await page.getByRole("button", { name: "Block this guest" }).count(), 0, "a walk-in has no account");
await page.getByRole("button", { name: "Change guests or note" }).click();
await page.getByLabel("Guests", { exact: true }).fill("220");
await page.getByRole("button", { name: "Save", exact: true }).click();
await page.getByText("Guests: 200 → 220").waitFor();
await page.goto(`${base}/owner?month=${nextMonth}`);
await page.getByText("3 booked · Rs 7.84 lakh").waitFor();
await page.getByRole("button", { name: "Next month" }).click();
await page.getByText("0 booked").waitFor();
await page.getByRole("button", { name: "Previous month" }).click();
await page.getByText("3 booked · Rs 7.84 lakh").waitFor();
await page.context().close();

await close();
console.log("the owner's requests work");
