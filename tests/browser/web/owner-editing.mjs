// An owner edits a venue, pauses it, and takes it down: node owner-editing.mjs BASE_URL SCREENSHOT_FOLDER
import assert from "node:assert/strict";
import { call, dayAhead, failWith, signUp, startBrowser, waitForFocus } from "./browser.mjs";
import { makePhotographs } from "./parts/photographs.mjs";

const [base, folder] = process.argv.slice(2);
const { open, openAs, audit, expect, close } = await startBrowser(base, folder);
const PHONE = { width: 390, height: 844 };
const shot = (page, name) => page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });

const owner = await signUp(base, "Bilal Ahmed", { is_venue_owner: true });
const { token } = owner;
const days = [dayAhead(30), dayAhead(31)];
const body = { venue_name: "Moti Lawn", type: "Lawn", address: "Clifton, Karachi", capacity: 300, maps_location: { lat: 24.81, lng: 67.03 }, dates_available: days, space_sqft: 9000 };
const { venue_id } = await call(base, "POST", "/venues/register", { token, body });
const address = `/owner/venues/${venue_id}`;
const stored = async () => (await call(base, "GET", `/venues/${venue_id}`)).venue;

for (const [language, width, dark] of [["en", 390, false], ["ur", 390, true], ["en", 1280, true], ["ur", 1280, false], ["en", 320, false]]) {
  const view = await openAs(owner, address, { language, width, dark });
  // The map loads when it is near the window.
  await view.locator(".map").scrollIntoViewIfNeeded();
  await view.locator(".place-pin").waitFor();
  await shot(view, `edit-${language}-${width}${dark ? "-dark" : ""}`);
  await audit(view, `edit ${language} ${width}`);
  await view.context().close();
}

// The page reads with the token: a venue that the operator has hidden is shown only to its owner.
const page = await openAs(owner, address, PHONE);
const isVenue = (request) => new URL(request.url()).pathname === `/venues/${venue_id}`;
const [reading] = await Promise.all([page.waitForRequest(isVenue), page.reload()]);
assert.equal(reading.headers().authorization, `Bearer ${token}`);

// Only what was changed is sent, with the version that the page knows.
const patches = [];
page.on("request", (request) => { if (request.method() === "PATCH") patches.push({ body: request.postDataJSON(), version: request.headers()["if-match"] }); });
const save = page.getByRole("button", { name: "Save changes" });
await save.and(page.locator('[aria-disabled="true"]')).waitFor();
await page.getByLabel("Largest number of guests").fill("350");
await page.getByLabel("Floor area").fill("");
await page.getByRole("textbox", { name: "Your terms" }).fill("A third in advance.");
await page.getByText("Not saved yet.").waitFor();
await page.keyboard.press("Tab");
await save.press("Enter");
await page.getByText("Saved.", { exact: true }).waitFor();
assert.deepEqual(patches[0].body, { capacity: 350, space_sqft: null, booking_rules: { hold_hours: null, terms: "A third in advance." } });
assert.match(patches[0].version, /^(W\/)?"/);
const changed = await stored();
assert.deepEqual([changed.capacity, changed.space_sqft, changed.booking_rules.terms], [350, null, "A third in advance."]);

// Two photographs are added, and one is removed again.
await page.locator("#field-pictures").setInputFiles(await makePhotographs(page));
await page.waitForFunction(() => document.querySelectorAll(".photo img").length === 2 && !document.querySelector(".going"));
await page.getByText("Not saved yet.").waitFor();
await save.click();
await page.getByText("Saved.", { exact: true }).waitFor();
assert.equal((await stored()).pictures.length, 2);
await page.getByRole("button", { name: "Remove photograph 1" }).click();
await page.getByText("Not saved yet.").waitFor();
await save.click();
await page.getByText("Saved.", { exact: true }).waitFor();
assert.equal((await stored()).pictures.length, 1);

// A link asks before changes are lost.
await page.getByLabel("Largest number of guests").fill("360");
await page.getByText("Not saved yet.").waitFor();
const toCalendar = page.getByRole("link", { name: "Calendar", exact: true });
page.once("dialog", (dialog) => dialog.dismiss());
await toCalendar.click();
assert.equal(await page.getByLabel("Largest number of guests").inputValue(), "360");
page.once("dialog", (dialog) => dialog.accept());
await toCalendar.click();
await page.locator(".painting").waitFor();
await page.goBack();
await page.waitForFunction(() => document.getElementById("field-capacity")?.value === "350");

// Another device changes the same venue: what was typed here stays, a field that differs is marked, the others are new.
expect(/status of 412/, /status of 422/, /status of 409/, /status of 404/);
await page.getByLabel("Largest number of guests").fill("400");
await page.getByRole("textbox", { name: "Description" }).fill("With a fountain.");
await call(base, "PATCH", `/venues/${venue_id}`, { token, body: { capacity: 500, address: "Block 5, Clifton, Karachi" } });
await save.click();
await page.getByText("This venue was changed on another device.").waitFor();
await page.getByText("On the other device: 500").waitFor();
assert.equal(await page.getByLabel("Largest number of guests").inputValue(), "400");
assert.equal(await page.getByLabel("Address").inputValue(), "Block 5, Clifton, Karachi");
assert.equal(await page.getByRole("textbox", { name: "Description" }).inputValue(), "With a fountain.");
assert.equal((await stored()).capacity, 500);
await audit(page, "412");
await shot(page, "changed-elsewhere");
await save.click();
await page.getByText("Saved.", { exact: true }).waitFor();
assert.deepEqual([(await stored()).capacity, (await stored()).address], [400, "Block 5, Clifton, Karachi"]);

// An invalid value is named beside its field, which gets the focus.
await page.getByLabel("Largest number of guests").fill("0");
await save.click();
await page.getByText("The smallest value is 1.").waitFor();
await waitForFocus(page.getByLabel("Largest number of guests"));
await audit(page, "422");
await page.getByLabel("Largest number of guests").fill("400");

// Pause: guests can't book it. What was typed stays.
await page.getByRole("textbox", { name: "Description" }).fill("With two fountains.");
await page.getByRole("button", { name: "Pause" }).click();
await page.getByText("Paused: guests can't find this venue").waitFor();
assert.equal((await stored()).is_listed, false);
assert.equal(await page.getByRole("textbox", { name: "Description" }).inputValue(), "With two fountains.");
await audit(page, "paused");
await shot(page, "paused");
const guestPage = await open(`/hall/${venue_id}`);
await guestPage.getByText("This venue takes no bookings at present.").first().waitFor();
await guestPage.context().close();
// The operator has hidden it: the page says why guests can't see it.
expect(/status of 403/);
await page.route(`**/venues/${venue_id}`, failWith(403, "suspended"), { times: 1 });
await page.getByRole("button", { name: "Show it to guests again" }).click();
await page.getByText("The operator of this site has hidden this venue.").waitFor();
// Another device changes it before the next press: the page says so, and the next press counts.
await call(base, "PATCH", `/venues/${venue_id}`, { token, body: { capacity: 410 } });
await page.getByRole("button", { name: "Show it to guests again" }).click();
await page.getByText("Press the button again if you still want to.").waitFor();
await page.getByRole("button", { name: "Show it to guests again" }).click();
await page.getByText("Guests can find this venue and send requests.").waitFor();
assert.equal((await stored()).is_listed, true);

// Take it down: a booking ahead is named; without it the venue is gone.
const guest = await signUp(base);
const { booking } = await call(base, "POST", "/bookings", { token: guest.token, body: { venue_id, date: days[0], guests: 100 } });
const takeDown = page.getByRole("button", { name: "Take the venue down" });
await takeDown.click();
const dialog = page.getByRole("dialog", { name: "Take this venue down?" });
await audit(page, "take down");
await page.screenshot({ path: `${folder}/take-down.png` });
await page.keyboard.press("Escape");
await dialog.waitFor({ state: "hidden" });
await waitForFocus(takeDown);
await takeDown.click();
await dialog.getByRole("button", { name: "Take the venue down" }).click();
await dialog.getByText("The venue has bookings ahead.").waitFor();
assert.equal(await dialog.locator(".booked-days a").getAttribute("href"), `/owner/requests/${booking.id}`);
await audit(page, "has_bookings");
await page.screenshot({ path: `${folder}/has-bookings.png` });
await call(base, "DELETE", `/bookings/${booking.id}`, { token: guest.token });
await dialog.getByRole("button", { name: "Take the venue down" }).click();
await page.getByText("The venue is taken down.").waitFor();
await page.waitForFunction(() => document.activeElement?.classList.contains("good"));
await audit(page, "taken down");
assert.equal((await fetch(`${base}/venues/${venue_id}`)).status, 404);
await page.context().close();

// The venue of another owner can't be edited.
const { venues } = await call(base, "GET", "/venues/search?near_lat=24.86&near_lng=67&limit=1");
const other = await openAs(owner, `/owner/venues/${venues[0].id}`, PHONE);
await other.getByText("This belongs to another account.").waitFor();
await audit(other, "not yours");

await close();
console.log("a venue is edited");
