// An owner paints the calendar of a venue, by finger, mouse and keyboard: node owner-calendar.mjs BASE_URL SCREENSHOT_FOLDER
import assert from "node:assert/strict";
import { call, dayAhead, failWith, passOn, signUp, startBrowser, waitForCount, waitForFocus } from "./browser.mjs";

const [base, folder] = process.argv.slice(2);
const { openAs, audit, screenshot, expect, close } = await startBrowser(base, folder);
const PHONE = { width: 390, height: 844 };

async function makeVenue(owner, days) {
  const body = {
    venue_name: "Shahi Hall", type: "Hall", address: "Block H, North Nazimabad, Karachi", capacity: 350, maps_location: { lat: 24.94, lng: 67.04 },
    dates_available: days, pricing: { overrides: days.map((date) => ({ date, price: 200000 })) },
  };
  return (await call(base, "POST", "/venues/register", { token: owner.token, body })).venue_id;
}

const owner = await signUp(base, "Bilal Ahmed", { is_venue_owner: true });
const guest = await signUp(base, "Ayesha Khan");
// The whole next month is ahead, on each day of this one.
const month = dayAhead(31).slice(0, 7);
const day = (number) => `${month}-${String(number).padStart(2, "0")}`;
const offered = [10, 11, 12, 13, 14].map(day);
const venueId = await makeVenue(owner, offered);
const address = `/owner/venues/${venueId}/calendar?month=${month}`;
// Three days of one week that are not offered: a drag over them stays in one row.
const weekdayOf = (date) => (new Date(date).getUTCDay() + 6) % 7;
const monday = [15, 16, 17, 18, 19, 20, 21].find((number) => weekdayOf(day(number)) === 0);
const readVenue = async () => (await call(base, "GET", `/venues/${venueId}`)).venue;
const priceOn = async (date) => (await readVenue()).pricing.overrides.find((each) => each.date === date)?.price;
const cell = (page, date) => page.locator(`[data-day="${date}"]`);
const ready = (page) => page.locator(`[data-day="${day(11)}"].free`).waitFor();

const requested = (await call(base, "POST", "/bookings", { token: guest.token, body: { venue_id: venueId, date: day(13), guests: 300 } })).booking;
const { booking: booked } = await call(base, "POST", `/venues/${venueId}/walk-ins`, { token: owner.token, body: { date: day(14), guests: 200, guest: { full_name: "Sana Malik" } } });

// Months and days are named: with their Islamic months, prices, request and booking.
const page = await openAs(owner, address, PHONE);
await ready(page);
assert.match(await page.locator(".month small").innerText(), /\d{4}$/);
assert.match(await cell(page, day(11)).innerText(), /^11\s+\w+, 11 \w+ \d{4}, free\s+2\.00\s+lakh rupees$/i);
assert.match(await cell(page, day(13)).innerText(), /requested/);
assert.match(await cell(page, day(14)).innerText(), /booked/);

// A price is needed before it can be painted: nothing is sent, and the field has the focus.
await page.getByLabel("Set the price").check({ force: true });
await cell(page, day(11)).click();
await page.getByText("Please fill this in.").waitFor();
await waitForFocus(page.getByLabel("Price of a day, in rupees"));
await audit(page, "a missing price");

// A click, and a drag over a week by mouse. What will happen is told, and nothing is saved yet.
await page.getByLabel("Offer days").check({ force: true });
await page.getByLabel("Price of a day, in rupees").fill("254000");
await page.getByText("Rs 2.54 lakh", { exact: true }).waitFor();
const box = async (date) => {
  const { x, y, width, height } = await cell(page, date).boundingBox();
  return [x + width / 2, y + height / 2];
};
const centre = (one, date) => cell(one, date).evaluate((button) => button.scrollIntoView({ block: "center" }));
await centre(page, day(monday));
await page.mouse.move(...await box(day(monday)));
await page.mouse.down();
await page.mouse.move(...await box(day(monday + 1)), { steps: 3 });
await page.mouse.up();
await page.getByText("2 days will be offered at Rs 2.54 lakh.").waitFor();
await waitForCount(page.locator(".painted .changed"), 2);
assert.deepEqual((await readVenue()).dates_available, offered);
await cell(page, day(monday + 2)).click();
await page.getByRole("button", { name: "Save 3 days" }).waitFor();

// Undo drops the last change only. Another page of the tab does not lose the others.
await page.getByRole("button", { name: "Undo", exact: true }).click();
await page.getByRole("button", { name: "Save 2 days" }).waitFor();
await page.getByRole("navigation", { name: "Pages for owners" }).getByRole("link", { name: "Venues" }).click();
await page.locator(".own-venues li").first().waitFor();
await page.goBack();
await page.getByRole("button", { name: "Save 2 days" }).click();
await page.getByText("Saved: 2 days changed.").waitFor();
assert.deepEqual((await readVenue()).dates_available, [...offered, day(monday), day(monday + 1)]);
assert.equal(await priceOn(day(monday)), 254000);
await waitForCount(page.locator(".painted .changed"), 0);
await audit(page, "saved");

// Every Friday and Saturday of a period, dearer than the other days; then ten percent more.
await page.getByLabel("Price of a day, in rupees").fill("254000");
await page.getByLabel("Sun", { exact: true }).uncheck({ force: true });
await page.getByLabel("From", { exact: true }).fill(day(1));
await page.getByLabel("To", { exact: true }).fill(day(28));
await page.getByRole("button", { name: "Offer these days" }).click();
await page.getByText(/^Offer Fri and Sat from 1 \w+ \d{4} to 28 \w+ \d{4} at Rs 2\.54 lakh$/).waitFor();
await page.getByText("keep their agreed price").or(page.getByText(/days will be offered/)).first().waitFor();
await page.getByLabel("Change prices by %").check({ force: true });
await page.getByLabel("Percent", { exact: true }).fill("10");
await page.getByRole("button", { name: "Change these prices" }).click();
await page.getByText(/Prices of Fri and Sat from .*: \+10%/).waitFor();
await page.locator(".paint-bar .primary").waitFor();
await screenshot(page, "every");
await page.locator(".paint-bar .primary").click();
await page.getByText(/^Saved: \d+ days? changed\.$/).waitFor();
const friday = Array.from({ length: 7 }, (_, index) => day(22 + index)).find((date) => new Date(date).getUTCDay() === 5);
// 254,000 and a tenth, rounded to a thousand: halves up.
assert.equal(await priceOn(friday), 279000);

// Closing keeps booked days, and names them.
await page.getByLabel("Close days").check({ force: true });
for (const name of ["Mon", "Tue", "Wed", "Thu", "Sun"]) await page.getByLabel(name, { exact: true }).check({ force: true });
await page.getByRole("button", { name: "Close these days" }).click();
await page.getByText("2 days stay offered, because they are booked or requested:").waitFor();
await page.locator(".will").getByRole("button").last().click();
await page.locator(".day-note").getByText("Sana Malik").waitFor();
assert.equal(await page.getByRole("link", { name: "Show", exact: true }).getAttribute("href"), `/owner/requests/${booked.id}`);
await screenshot(page, "close");
await audit(page, "close");
await page.getByRole("button", { name: "Undo", exact: true }).click();
await page.getByText("Nothing is changed yet.").waitFor();

// By keyboard alone: three days from the tenth on, in a run of Shift and an arrow, get no price.
await page.getByLabel("Close days").focus();
await page.keyboard.press("ArrowDown");
await page.keyboard.press("ArrowDown");
await page.locator(":checked").and(page.getByLabel("Remove the price")).waitFor({ state: "attached" });
await cell(page, day(14)).focus();
// 14 → 7, 8, 9, 10.
for (const [key, number] of [["ArrowUp", 7], ["ArrowRight", 8], ["ArrowRight", 9], ["ArrowRight", 10]]) {
  await page.keyboard.press(key);
  await waitForFocus(cell(page, day(number)));
}
const selected = page.locator('.painted [aria-selected="true"]');
const extend = async (key) => {
  for (const count of [2, 3]) {
    await page.keyboard.press(key);
    await waitForCount(selected, count);
  }
};
await extend("Shift+ArrowRight");
await page.keyboard.press("Escape");
await waitForCount(selected, 0);
await extend("Shift+ArrowLeft");
await page.keyboard.press("Enter");
await page.getByText(/^3 days change the price: Rs .* → Price on request\.$/).waitFor();
await page.getByText("Bookings and requests keep their agreed price.").waitFor();
await page.getByRole("button", { name: "Save 3 days" }).focus();
await page.keyboard.press("Enter");
await page.getByText("Saved: 3 days changed.").waitFor();
assert.equal(await priceOn(day(11)), undefined);
assert.equal((await call(base, "GET", `/bookings/${requested.id}`, { token: owner.token })).booking.price_locked, 200000);

// A change on another device: 412, the page reads again and asks to look before saving.
expect(/status of (412|422|429|503|401)/);
await page.getByLabel("Offer days").check({ force: true });
await page.getByLabel("Price of a day, in rupees").fill("300000");
await cell(page, day(25)).click();
await page.getByRole("button", { name: "Save 1 day" }).waitFor();
await call(base, "POST", `/venues/${venueId}/calendar`, { token: owner.token, body: { changes: [{ do: "offer", dates: [day(26)], price: 180000 }] } });
await page.getByRole("button", { name: "Save 1 day" }).click();
await page.getByText("The calendar was changed in the meantime").waitFor();
await audit(page, "changed meanwhile");
await page.getByRole("button", { name: "Save 1 day" }).click();
await page.getByText("Saved: 1 day changed.").waitFor();
assert.deepEqual([await priceOn(day(25)), await priceOn(day(26))], [300000, 180000]);

// A lost response of a save, and a new attempt: ten percent are added once.
await page.getByLabel("Change prices by %").check({ force: true });
await cell(page, day(25)).click();
await page.getByRole("button", { name: "Save 1 day" }).waitFor();
await page.route("**/calendar", async (route) => {
  await passOn(route);
  await failWith(503, "database_unavailable")(route);
}, { times: 1 });
await page.getByRole("button", { name: "Save 1 day" }).click();
await page.getByText("We can't reach our database at the moment.").waitFor();
await page.getByRole("button", { name: "Try again" }).click();
await page.getByText("or by your last attempt to save").waitFor();
assert.equal(await priceOn(day(25)), 330000);
await page.getByRole("button", { name: "Undo", exact: true }).click();

// What the API does not accept is dropped, and said beside its field.
await page.getByLabel("Percent", { exact: true }).fill("500");
await cell(page, day(25)).click();
await page.getByText("The largest value is 400.").waitFor();
await page.getByText("Nothing is changed yet.").waitFor();
await page.context().close();

// With a finger, a drag sideways paints.
const touch = await openAs(owner, address, PHONE);
await ready(touch);
const session = await touch.context().newCDPSession(touch);
const { dates_available: now } = await readVenue();
const first = Array.from({ length: 27 }, (_, index) => index + 1).find((number) => weekdayOf(day(number)) < 6 && !now.includes(day(number)) && !now.includes(day(number + 1)));
await centre(touch, day(first));
const [from, to] = await Promise.all([first, first + 1].map(async (number) => {
  const { x, y, width, height } = await cell(touch, day(number)).boundingBox();
  return { x: x + width / 2, y: y + height / 2 };
}));
await session.send("Emulation.setTouchEmulationEnabled", { enabled: true });
await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [from] });
for (const share of [0.25, 0.5, 0.75, 1]) await session.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [{ x: from.x + (to.x - from.x) * share, y: from.y }] });
await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
await touch.getByRole("button", { name: "Save 2 days" }).waitFor();
await touch.context().close();

// Of somebody else, or gone.
expect(/status of (403|404)/);
const stranger = await openAs(await signUp(base, "Hina Raza", { is_venue_owner: true }), address, PHONE);
await stranger.getByText("This belongs to another account.").waitFor();
await stranger.goto(`${base}/owner/venues/${"0".repeat(24)}/calendar`);
await stranger.getByText("There is no such venue.").waitFor();
await audit(stranger, "no venue");
await stranger.context().close();

await close();
console.log("the calendar of an owner works");
