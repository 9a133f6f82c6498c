// A guest books a venue: node booking.mjs BASE_URL SCREENSHOT_FOLDER
import assert from "node:assert/strict";
import { LANGUAGES, WIDTHS, call, failWith, findFreeVenue, logIn, passOn, startBrowser, waitForFocus } from "./browser.mjs";

const [base, folder] = process.argv.slice(2);
const { open, openAs, audit, screenshot, expect, close } = await startBrowser(base, folder);
const free = ".calendar button.free";
const book = { name: "Request to book" };
const { token } = await logIn(base, "guest2");
const rival = await logIn(base, "guest3");

const { venue, days } = await findFreeVenue(base, 10);
const next = () => days.shift();
const address = (date, guests = 200) => `/hall/${venue.id}?date=${date}&guests=${guests}`;
const bookingsOn = async (date) => (await call(base, "GET", `/bookings?venue_id=${venue.id}&date_from=${date}&date_to=${date}&status=pending`, { token })).bookings;
const body = (date) => ({ venue_id: venue.id, date, guests: 100 });
const failure = (status, code, details = [], headers = {}) => (route) =>
  route.request().method() === "POST" ? failWith(status, code, { details, headers })(route) : route.continue();

/** Opens the venue with a session. */
async function openLoggedIn(to, session = null) {
  const page = await openAs(session ?? (await logIn(base, "guest2")), to);
  await page.locator(free).first().waitFor();
  return page;
}

// Search, choose, log in inside the panel, and book. A wrong password loses nothing.
expect(/status of 401/);
const page = await open(`/find?place=karachi&date=${days[0]}&guests=200`);
await page.locator(".card:not(.ghost) a").first().waitFor();
await page.goto(base + address(days[0]));
await page.getByRole("link", { name: "All venues" }).click();
await page.waitForURL(/\/find\?place=karachi&date=/);
await page.locator(".card:not(.ghost) a").first().click();
await page.waitForURL(/\/hall\//);
await page.locator(free).first().waitFor();
await waitForFocus(page.locator("h1"));
assert.match(await page.title(), / · Halls$/);
await page.goto(base + address(days[0]));
await page.locator(free).first().waitFor();
const first = next();
await page.getByLabel("Anything the venue should know").fill("Walima in the evening.");
await page.getByRole("button", { name: "More guests" }).click();
await page.getByRole("button", book).click();
await page.getByLabel("E-mail address").fill("guest2@halls.example");
await page.getByLabel("Password", { exact: true }).fill("not this one");
await page.getByRole("button", { name: "Log in and send" }).click();
await page.getByText("The e-mail address or the password is wrong.").waitFor();
await audit(page, "log-in in the panel");
await screenshot(page, "hall-log-in");
await page.getByLabel("Password", { exact: true }).fill("wedding season 7");
await page.getByRole("button", { name: "Log in and send" }).click();
await page.getByRole("heading", { name: "The venue has your request." }).waitFor();
await audit(page, "booked");
await screenshot(page, "hall-booked");
const [made] = await bookingsOn(first);
assert.deepEqual([made.guests, made.notes], [250, "Walima in the evening."]);
assert.ok(await page.getByText(made.hold_until ? "It holds the day for you until" : "It stays pending").isVisible());
assert.equal(await page.getByRole("link", { name: "See the booking" }).getAttribute("href"), `/my/bookings/${made.id}`);
await page.context().close();

// In both languages and widths, each time after the booking before it was cancelled: a new request is a new booking.
const repeated = next();
for (const language of LANGUAGES) for (const width of WIDTHS) {
  const view = await openAs(await logIn(base, "guest2"), address(repeated), { language, width });
  await view.locator(free).first().waitFor();
  await view.locator("#book [type=submit]").click();
  await view.locator("#book .good").waitFor();
  assert.equal(await view.evaluate(() => document.documentElement.lang), language);
  await screenshot(view, `hall-booked-${language}-${width}`);
  const [{ id }] = await bookingsOn(repeated);
  await call(base, "PATCH", `/bookings/${id}`, { body: { status: "cancelled" }, token });
  await view.context().close();
}

// A rival takes the day: other days of this venue, other venues, and the calendar follows.
expect(/status of 409/);
const taken = next();
const quick = await openLoggedIn(address(taken));
await call(base, "POST", "/bookings", { body: body(taken), token: rival.token });
await quick.getByRole("button", book).click();
await quick.getByText("Someone else has just booked this day.").waitFor();
await quick.locator(`.calendar [data-day="${taken}"].taken`).waitFor();
await audit(quick, "taken");
await screenshot(quick, "hall-taken");
await quick.locator(".others a").first().waitFor(); // other venues of the day
const other = quick.locator("#book .bad button").first();
await other.click();
await quick.waitForFunction((old) => new URL(location.href).searchParams.get("date") !== old, taken);
const chosen = new URL(quick.url()).searchParams.get("date");
await quick.getByRole("button", book).click();
await quick.getByRole("heading", { name: "The venue has your request." }).waitFor();
assert.equal((await bookingsOn(chosen)).length, 1);
days.splice(0, days.length, ...days.filter((day) => day !== chosen));
await quick.context().close();

// The guest's own booking has the day.
const own = await openLoggedIn(address(first));
await own.waitForFunction(() => document.querySelector("#book .primary").disabled);
assert.ok(await own.getByText("This day is not free.").isVisible());
await own.context().close();
const again = next();
const twice = await openLoggedIn(address(again));
await call(base, "POST", "/bookings", { body: body(again), token });
await twice.getByRole("button", book).click();
await twice.getByText("You have already requested this day.").waitFor();
await twice.context().close();

// Two tabs send the same request at once: one booking, and the other tab shows it.
const both = next();
const left = await openLoggedIn(address(both));
const right = await left.context().newPage();
await right.goto(base + address(both));
await right.locator(free).first().waitFor();
await Promise.all([left, right].map((tab) => tab.getByRole("button", book).click()));
const outcomes = await Promise.all([left, right].map(async (tab) => {
  await tab.getByRole("link", { name: "See the booking" }).waitFor();
  return [await tab.getByRole("heading", { name: "The venue has your request." }).count(), await tab.getByText("You have already requested this day.").count()];
}));
assert.deepEqual(outcomes.sort(), [[0, 1], [1, 0]]);
assert.equal((await bookingsOn(both)).length, 1);
await left.context().close();

// The response is lost, and the page is loaded again: one booking.
expect(/ERR_FAILED/);
const lost = next();
const shaky = await openLoggedIn(address(lost));
await shaky.route("**/bookings", async (route) => { await passOn(route); await route.abort(); }, { times: 1 });
await shaky.getByLabel("Anything the venue should know").fill("Mehndi");
await shaky.getByRole("button", book).click();
await shaky.getByText("Try again: you will not book twice.").waitFor();
assert.equal((await bookingsOn(lost)).length, 1, "the request had arrived");
await shaky.reload();
await shaky.locator(free).first().waitFor();
assert.equal(await shaky.getByLabel("Anything the venue should know").inputValue(), "Mehndi");
// The first request still runs: the page asks again by itself.
await shaky.route("**/bookings", failure(409, "idempotency_in_progress"), { times: 1 });
await shaky.getByRole("button", book).click();
await shaky.getByRole("heading", { name: "The venue has your request." }).waitFor();
assert.equal((await bookingsOn(lost)).length, 1, "one wish, one booking");
await shaky.context().close();

// Errors of the booking, each with its way on.
expect(/status of (403|404|422|429|500|503)/, /ERR_INTERNET_DISCONNECTED/);
const day = next();
const failing = await openLoggedIn(address(day, venue.capacity + 1));
const request = () => failing.getByRole("button", book).click();
await request();
await failing.locator("#guests-fault").waitFor();
await waitForFocus(failing.locator("#guests"));
await audit(failing, "too many guests");
await failing.getByLabel("Guests", { exact: true }).fill("200");
await failing.getByLabel("Guests", { exact: true }).blur();
await failing.waitForURL(/guests=200/);
const failOnce = async (...how) => { await failing.route("**/bookings", failure(...how), { times: 1 }); await request(); };
await failOnce(422, "validation_error", [{ field: "notes", message: "must not be so long", rule: "too_long", params: { max: 1000 } }]);
await failing.getByText("Please write at most 1000 characters.").waitFor();
await failOnce(409, "limit_reached");
await failing.getByText("You have too many open requests.").waitFor();
await failOnce(409, "date_not_offered");
await failing.getByText("This day is no longer offered.").waitFor();
await failOnce(403, "blocked");
await failing.getByText("This venue takes no requests from this account.").waitFor();
await failOnce(500, "internal");
await failing.getByText("Something went wrong on our side.").waitFor();
await failOnce(503, "database_unavailable", [], { "Retry-After": "5" });
await failing.getByText("We could not confirm your request. Try again: you will not book twice.").waitFor();
await audit(failing, "503");
await failing.context().setOffline(true);
await request();
await failing.getByText("You are offline. Check your connection.").waitFor();
await failing.context().setOffline(false);
await failOnce(429, "rate_limited", [], { "Retry-After": "1" });
await failing.getByText("We will try again in 1 seconds.").waitFor();
await failing.getByRole("heading", { name: "The venue has your request." }).waitFor();
assert.equal((await bookingsOn(day)).length, 1);
await failing.context().close();

// An expired token: the form keeps its content, and the request is sent after the log-in.
const late = next();
const expired = await openLoggedIn(address(late), { ...rival, token: "expired" });
await expired.getByLabel("Anything the venue should know").fill("Stage on the left.");
await expired.getByRole("button", book).click();
await expired.getByText("You were logged out for your security.").waitFor();
await expired.getByLabel("E-mail address").fill("guest2@halls.example");
await expired.getByLabel("Password", { exact: true }).fill("wedding season 7");
await expired.keyboard.press("Enter");
await expired.getByRole("heading", { name: "The venue has your request." }).waitFor();
assert.equal((await bookingsOn(late))[0].notes, "Stage on the left.");
await expired.context().close();

await close();
console.log("a venue can be booked");
