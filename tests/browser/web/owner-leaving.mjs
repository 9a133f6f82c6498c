// An owner leaves a page with changes that are not saved: node owner-leaving.mjs BASE_URL SCREENSHOT_FOLDER
import assert from "node:assert/strict";
import { call, dayAhead, PASSWORD, signUp, startBrowser } from "./browser.mjs";

const [base, folder] = process.argv.slice(2);
const { openAs, audit, screenshot, expect, close } = await startBrowser(base, folder);
const PHONE = { width: 390, height: 844 };

const owner = await signUp(base, "Bilal Ahmed", { is_venue_owner: true });
const body = { venue_name: "Moti Lawn", type: "Lawn", address: "Clifton, Karachi", capacity: 300, maps_location: { lat: 24.81, lng: 67.03 }, dates_available: [dayAhead(30)] };
const { venue_id } = await call(base, "POST", "/venues/register", { token: owner.token, body });
const page = await openAs(owner, `/owner/venues/${venue_id}`, PHONE);
const capacity = page.getByLabel("Largest number of guests");
const link = (name) => page.getByRole("navigation", { name: "Pages for owners" }).getByRole("link", { name });

/** Does something that asks before changes are lost, and answers. Returns whether it asked. */
async function ask(isYes, action) {
  let isAsked = false;
  const answer = (dialog) => {
    isAsked = true;
    return isYes ? dialog.accept() : dialog.dismiss();
  };
  page.on("dialog", answer);
  await action();
  page.off("dialog", answer);
  return isAsked;
}

async function logOut() {
  await page.getByRole("button", { name: "Account", exact: true }).click();
  await page.getByRole("button", { name: "Log out", exact: true }).click();
}

async function logIn() {
  await page.waitForURL(/\/login\?next=/);
  await page.getByLabel("E-mail").fill(owner.email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
}

// A form: a link, the back button and a log-out ask, and "no" keeps what was typed.
await capacity.fill("360");
await page.getByText("Not saved yet.").waitFor();
for (const leave of [() => link("Requests").click(), logOut]) {
  assert.ok(await ask(false, leave), "it asks");
  assert.equal(await capacity.inputValue(), "360");
}

// Another tab logs out: the form stays, and a log-in sends it.
const otherTab = await page.context().newPage();
await otherTab.goto(base);
const stored = await otherTab.evaluate(() => localStorage.getItem("halls.session"));
await otherTab.evaluate(() => localStorage.removeItem("halls.session"));
await page.getByRole("banner").getByRole("link", { name: "Log in" }).waitFor();
assert.equal(await capacity.inputValue(), "360");
expect(/status of 401/);
await page.getByRole("button", { name: "Save changes" }).click();
await page.getByRole("button", { name: "Log in and send" }).waitFor();
await audit(page, "logged out in another tab");
await screenshot(page, "logged-out");
await otherTab.evaluate((text) => localStorage.setItem("halls.session", text), stored);
await page.getByText("Saved.", { exact: true }).waitFor();
assert.equal((await call(base, "GET", `/venues/${venue_id}`)).venue.capacity, 360);
await otherTab.close();

// A booking by telephone: "yes" ends the session.
await link("By telephone").click();
await page.getByLabel("Name of the guest").fill("Imran Sheikh");
assert.ok(await ask(false, () => link("Venues").click()), "it asks");
assert.equal(await page.getByLabel("Name of the guest").inputValue(), "Imran Sheikh");
assert.ok(await ask(true, logOut), "it asks");
await logIn();
await page.getByLabel("Name of the guest").waitFor();
assert.equal(await page.getByLabel("Name of the guest").inputValue(), "");

// The calendar: nothing asks, and the changes are there again after a log-in and a reload.
await page.goto(`${base}/owner/venues/${venue_id}/calendar?month=${dayAhead(30).slice(0, 7)}`);
await page.locator(`[data-day="${dayAhead(30)}"].free`).waitFor();
await page.getByLabel("Set the price").check({ force: true });
await page.getByLabel("Price of a day, in rupees").fill("200000");
await page.locator(`[data-day="${dayAhead(30)}"]`).click();
await page.getByRole("button", { name: "Save 1 day" }).waitFor();
assert.equal(await ask(false, logOut), false, "the browser keeps the changes");
await logIn();
await page.getByRole("button", { name: "Save 1 day" }).waitFor();
await page.reload();
await page.getByRole("button", { name: "Save 1 day" }).click();
await page.getByText("Saved: 1 day changed.").waitFor();
await page.reload();
await page.getByText("Nothing is changed yet.").waitFor();

await close();
console.log("unsaved changes are not lost");
