// An owner lists a venue in five steps, on a phone: node owner-listing.mjs BASE_URL SCREENSHOT_FOLDER
import assert from "node:assert/strict";
import { call, dayAhead, passOn, PASSWORD, signUp, startBrowser, waitForFocus } from "./browser.mjs";
import { makePhotographs } from "./parts/photographs.mjs";

const [base, folder] = process.argv.slice(2);
const { open, openAs, audit, expect, close } = await startBrowser(base, folder);
const shot = (page, name) => page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
const PHONE = { width: 390, height: 844 };
const ADDRESS = `/owner/venues/new`;

// Without a session: sign up as an owner, which leads to the steps.
const page = await open(ADDRESS, PHONE);
await page.waitForURL(/\/login\?next=/);
await page.getByRole("link", { name: "Create an account" }).click();
await page.getByRole("radio", { name: "I own a hall" }).check();
const email = `owner-${Date.now()}@halls.example`;
await page.getByLabel("Your name").fill("Bilal Ahmed");
await page.getByLabel("E-mail").fill(email);
await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
await page.keyboard.press("Enter");
await page.getByRole("link", { name: "Continue", exact: true }).click();
await page.getByRole("heading", { name: "Name, kind and size" }).waitFor();
const photographs = await makePhotographs(page);

/** Returns what this browser keeps of the steps. */
const kept = () => page.evaluate(() => JSON.parse(localStorage.getItem(Object.keys(localStorage).find((key) => key.startsWith("halls.listing:")))));
/** Waits until the kept draft fits. It is kept shortly after each change. */
async function keptWhen(fits) {
  for (let tries = 0; tries < 100; tries++) {
    const draft = await kept();
    if (fits(draft)) return draft;
    await page.waitForTimeout(100);
  }
  throw new Error(`not kept: ${JSON.stringify(await kept())}`);
}
const next = () => page.getByRole("button", { name: "Next" }).click();
const title = (name) => page.getByRole("heading", { level: 2, name }).waitFor();

// 1: name, kind, size. An empty field is named, and gets the focus.
await next();
await page.locator("#field-venue_name-fault").waitFor();
await waitForFocus(page.getByLabel("Name of the venue"));
await page.waitForFunction(() => document.querySelectorAll(".fault").length === 3);
await audit(page, "nothing filled in");
await shot(page, "1-missing");
await page.getByLabel("Name of the venue").fill("Chandni Lawn");
await page.getByLabel("Kind of venue").selectOption({ label: "Lawn" });
await page.getByLabel("Largest number of guests").fill("1,200");
await page.waitForFunction(() => !document.querySelector(".fault"));
await audit(page, "step 1");
await shot(page, "1-basics");
await page.keyboard.press("Enter");

// 2: the pin, by the name of a place, with the keyboard, by dragging, and by a tap.
await title("Where it is");
await waitForFocus(page.locator("form h2"));
await page.getByLabel("City or part of the city").fill("Atlantis");
await page.keyboard.press("Enter");
await page.getByText("We don't know this place.").waitFor();
await page.getByLabel("City or part of the city").fill("Karachi");
await page.keyboard.press("Enter");
const pin = page.getByRole("button", { name: "Pin of the venue" });
await pin.waitFor();
await page.getByText("The pin is near").waitFor();
const { place: start } = await keptWhen(({ place }) => place);
await pin.focus();
await page.keyboard.press("ArrowUp");
await page.keyboard.press("ArrowUp");
await page.keyboard.press("Shift+ArrowRight");
const { place: moved } = await keptWhen(({ place }) => place.lng > start.lng);
const metres = (degrees) => Math.round(degrees * 111_200);
assert.equal(metres(moved.lat - start.lat), 100);
assert.equal(metres((moved.lng - start.lng) * Math.cos((start.lat * Math.PI) / 180)), 10);
await waitForFocus(pin);
await pin.scrollIntoViewIfNeeded();
const box = await pin.boundingBox();
await page.mouse.move(box.x + 22, box.y + 20);
await page.mouse.down();
await page.mouse.move(box.x + 62, box.y - 20, { steps: 5 });
await page.mouse.up();
const { place: dragged } = await keptWhen(({ place }) => place.lng > moved.lng + 0.001);
assert.ok(dragged.lat > moved.lat, "it was dragged to the north-east");
await page.locator(".ground").click({ position: { x: 60, y: 200 } });
await keptWhen(({ place }) => place.lng < dragged.lng);
await page.waitForFunction(() => document.getElementById("field-address").value === "Karachi");
await page.getByLabel("Address").fill("12 Khayaban-e-Iqbal, Clifton, Karachi");
await audit(page, "step 2");
await shot(page, "2-place");
await next();

// 3: three files at once: one is no picture, and of one the connection breaks.
await title("Photographs");
expect(/Failed to load resource: net::ERR_FAILED/);
const sent = [];
page.on("request", (request) => { if (request.method() === "PUT") sent.push(request); });
await page.route("**/uploads/local/**", (route) => route.abort(), { times: 1 });
await page.locator("#field-pictures").setInputFiles([...photographs, { name: "notes.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no picture") }]);
await page.getByText("This file can't be read as a photograph.").waitFor();
await page.getByRole("button", { name: "Try again" }).waitFor();
await audit(page, "failed photographs");
await shot(page, "3-failed");
await page.getByRole("button", { name: "Remove photograph 3" }).click();
await waitForFocus(page.locator("#field-pictures"));
await page.getByRole("button", { name: "Try again" }).click();
await keptWhen(({ pictures }) => pictures.length === 2);
await page.locator(".going").waitFor({ state: "detached" });
for (const request of sent) {
  assert.equal(request.headers()["content-type"], "image/webp");
  assert.equal(request.headers().authorization, undefined);
}
// By buttons, the second becomes the cover; it keeps the focus.
const [cover] = (await kept()).pictures.slice(1);
await page.getByRole("button", { name: "Make photograph 2 the cover" }).click();
await page.getByText("Now photograph 1 of 2.").waitFor();
await waitForFocus(page.locator('[aria-label="Photograph 1 of 2"]'));
await keptWhen(({ pictures }) => pictures[0] === cover);
await audit(page, "step 3");
await shot(page, "3-photographs");
// A reload loses nothing.
await page.reload();
await page.getByRole("img", { name: "Photograph 2 of 2" }).waitFor();
assert.equal((await kept()).pictures[0], cover);
await next();

// 4: what is there, description, terms, telephone number.
await title("What is there, and your terms");
await page.getByRole("checkbox", { name: "Sound system" }).check();
await page.getByLabel("Description").fill("Two stages and a generator for the whole lawn.");
await page.getByLabel("Your terms").fill("Half of the price is due a month before.");
await page.getByLabel("Hours to answer a request").fill("48");
await page.getByLabel("Your telephone number").fill("12");
await audit(page, "step 4");
await shot(page, "4-details");
await next();

// 5: weekends of the next months, Saturdays dearer. A price that is too high is named beside its weekday.
await title("The first days and prices");
await page.getByLabel("From").fill(dayAhead(5));
await page.getByLabel("To").fill(dayAhead(32));
await page.getByLabel("Price of each Friday in rupees").fill("150,000");
await page.getByLabel("Price of each Saturday in rupees").fill("9999999999");
await page.getByRole("checkbox", { name: "Sunday" }).uncheck();
await page.getByText("8 days are offered").waitFor();
await audit(page, "step 5");
await shot(page, "5-calendar");

// The server names invalid fields. The page goes to the first one, in the reader's language.
expect(/status of 422/);
await page.getByRole("button", { name: "List the venue" }).click();
await title("What is there, and your terms");
await page.locator("#field-contact_number-fault").waitFor();
await waitForFocus(page.getByLabel("Your telephone number"));
await audit(page, "422");
await shot(page, "4-invalid");
const english = await page.locator("#field-contact_number-fault").textContent();
await page.getByRole("button", { name: "اردو" }).click();
await page.locator("#field-contact_number-fault", { hasText: /[؀-ۿ]/ }).waitFor();
assert.doesNotMatch(english, /[؀-ۿ]/);
await page.locator("#field-contact_number").fill("0300-7654321");
await page.getByRole("button", { name: "آگے" }).click();
await page.getByRole("button", { name: "ہال درج کریں" }).click();
await page.locator(".weekday .fault").waitFor();
await audit(page, "422 of a price");
await shot(page, "5-invalid-urdu");
await page.locator(".weekday .price").nth(1).fill("۱۸۰۰۰۰");
await page.getByRole("button", { name: "English" }).click();

// The response is lost. A second attempt has the same key, and makes no second venue.
const keys = [];
await page.route("**/venues/register", async (route) => {
  keys.push(route.request().headers()["idempotency-key"]);
  const response = await passOn(route);
  if (keys.length === 1) await route.abort();
  else await route.fulfill({ response });
});
await page.getByRole("button", { name: "List the venue" }).click();
await page.getByText("You are offline. Check your connection.").waitFor();
await page.getByRole("button", { name: "Try again" }).click();
await page.getByRole("heading", { name: "Your venue is listed." }).waitFor();
assert.equal(keys.length, 2);
assert.equal(keys[0], keys[1]);
await audit(page, "listed");
await shot(page, "6-listed");
assert.equal(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("halls.listing:")).length), 0);

const token = await page.evaluate(() => JSON.parse(localStorage.getItem("halls.session")).token);
const { venues } = await call(base, "GET", "/venues/mine", { token });
assert.equal(venues.length, 1);
const { venue } = await call(base, "GET", `/venues/${venues[0].id}`);
assert.deepEqual(
  [venue.venue_name, venue.type, venue.capacity, venue.address, venue.amenities.sound_system, venue.booking_rules],
  ["Chandni Lawn", "Lawn", 1200, "12 Khayaban-e-Iqbal, Clifton, Karachi", true, { hold_hours: 48, terms: "Half of the price is due a month before." }],
);
assert.equal(venue.dates_available.length, 8);
assert.deepEqual([...new Set(venue.pricing.overrides.map(({ price }) => price))].sort(), [150000, 180000]);
const { profile } = await call(base, "GET", "/auth/me", { token });
assert.equal(profile.contact_number, "0300-7654321");

// Guests see the photographs: small, and upright, although the camera was held sideways.
await page.getByRole("link", { name: "Show as guests see it" }).click();
await page.getByRole("heading", { name: "Chandni Lawn" }).waitFor();
const seen = await page.locator(".gallery img").first().evaluate(async (image) => {
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.naturalWidth, height: image.naturalHeight });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(image, 0, 0);
  const colour = (x, y) => [...pen.getImageData(x, y, 1, 1).data].slice(0, 3).indexOf(Math.max(...[...pen.getImageData(x, y, 1, 1).data].slice(0, 3)));
  return { width: canvas.width, height: canvas.height, top: colour(canvas.width / 2, 20), bottom: colour(canvas.width / 2, canvas.height - 20) };
});
const [BLUE, GREEN] = [2, 1];
assert.deepEqual(seen, { width: 1333, height: 2000, top: BLUE, bottom: GREEN });
await shot(page, "7-as-guests-see-it");
await page.context().close();

// Every step in both languages, light and dark, narrow and wide.
const second = await signUp(base, "Sana Malik", { is_venue_owner: true });
for (const [language, width, dark] of [["en", 320, false], ["ur", 390, true], ["ur", 1280, false], ["en", 1280, true]]) {
  const view = await openAs(second, ADDRESS, { language, width, dark });
  for (let step = 1; step <= 5; step++) {
    await view.goto(`${base}${ADDRESS}?step=${step}`);
    await view.locator("form h2").waitFor();
    if (step === 2) {
      await view.locator("#field-place").fill(language === "ur" ? "لاہور" : "Lahore");
      await view.keyboard.press("Enter");
      await view.locator(".place-pin").waitFor();
    }
    await audit(view, `step ${step} ${language} ${width}`);
    await shot(view, `step-${step}-${language}-${width}${dark ? "-dark" : ""}`);
  }
  await view.context().close();
}

await close();
console.log("a venue is listed");
