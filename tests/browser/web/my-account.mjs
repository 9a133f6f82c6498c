// The holder of an account changes profile, e-mails, language and password, and deletes it: node my-account.mjs BASE_URL SCREENSHOT_FOLDER
import assert from "node:assert/strict";
import { call, dayAhead, failWith, PASSWORD, signUp, startBrowser, waitForFocus } from "./browser.mjs";

const [base, folder] = process.argv.slice(2);
const { open, openAs, audit, screenshot, expect, close } = await startBrowser(base, folder);
const tokenOf = (page) => page.evaluate(() => JSON.parse(localStorage.getItem("halls.session")).token);
const me = await signUp(base);

// The link of the e-mails leads to a visitor's log-in, and then to the preferences.
const visitor = await open("/account#emails");
await visitor.waitForURL(/\/login\?next=%2Faccount%23emails|\/login\?next=.*%23emails/);
await visitor.getByLabel("E-mail address").fill(me.email);
await visitor.getByLabel("Password", { exact: true }).fill(PASSWORD);
await visitor.keyboard.press("Enter");
await visitor.getByRole("heading", { name: "E-mails" }).waitFor();
assert.equal(new URL(visitor.url()).hash, "#emails");
await visitor.context().close();

// A response that ends in its middle is an error with another attempt.
const cut = await openAs(me, "/login");
await cut.route("**/auth/me/preferences", (route) => route.fulfill({ status: 200, contentType: "application/json", body: '{"ok": true, "da' }), { times: 1 });
await cut.goto(`${base}/account`);
await cut.getByText("Something went wrong on our side.").waitFor();
await cut.getByRole("button", { name: "Try again" }).click();
await cut.getByRole("region", { name: "E-mails" }).waitFor();
await cut.context().close();

// Name and telephone, by keyboard; a wrong number is named beside its field, and the focus goes there.
expect(/status of 422/, /status of 401/, /status of 409/, /status of 503/);
const page = await openAs(me, "/account");
const details = page.getByRole("region", { name: "Your details" });
await details.getByLabel("Name").fill("Ayesha Siddiqui");
await details.getByLabel("Telephone").fill("12");
await page.keyboard.press("Enter");
await details.locator("#field-contact_number-fault").waitFor();
await waitForFocus(details.getByLabel("Telephone"));
await details.getByLabel("Telephone").fill("0300-7654321");
await page.keyboard.press("Enter");
await details.getByText("Saved.").waitFor();
const { profile } = await call(base, "GET", "/auth/me", { token: me.token });
assert.deepEqual([profile.full_name, profile.contact_number], ["Ayesha Siddiqui", "0300-7654321"]);
await details.getByRole("button", { name: "Send the link again" }).click();
await details.getByText("If a link is due, it is on its way.").waitFor();

// 429 waits by itself. 500 has the number of the request. Offline: the form keeps its content.
expect(/status of 429/, /status of 500/, /ERR_INTERNET_DISCONNECTED/);
const save = () => details.getByRole("button", { name: "Save", exact: true }).click();
const savedPhone = async () => (await call(base, "GET", "/auth/me", { token: await tokenOf(page) })).profile.contact_number;
await details.getByLabel("Telephone").fill("0300-1112233");
await page.route("**/auth/me", failWith(429, "rate_limited", { headers: { "Retry-After": "1" } }), { times: 1 });
await save();
await details.getByText("Too many attempts. We will send this again in 1 seconds.").waitFor();
await details.getByText("Saved.").waitFor();
assert.equal(await savedPhone(), "0300-1112233");
await page.route("**/auth/me", failWith(500, "internal", { headers: { "X-Request-ID": "request-of-the-form" } }), { times: 1 });
await save();
await details.getByText("request-of-the-form").waitFor();
await page.context().setOffline(true);
await details.getByLabel("Telephone").fill("0300-4445566");
await save();
await details.getByText("You are offline. Check your connection.").waitFor();
await audit(page, "offline");
await page.context().setOffline(false);
await details.getByRole("button", { name: "Try again" }).click();
await details.getByText("Saved.").waitFor();
assert.equal(await savedPhone(), "0300-4445566");

// The session ends while the form is open: the form stays, and is sent after a log-in.
await call(base, "POST", "/auth/logout", { token: await tokenOf(page), body: { everywhere: true } });
await details.getByLabel("Telephone").fill("0300-7778899");
await save();
await details.getByText("Log in and we will send your request.").waitFor();
assert.equal(await details.getByLabel("Telephone").inputValue(), "0300-7778899");
await details.getByLabel("E-mail address").fill(me.email);
await details.getByLabel("Password", { exact: true }).fill(PASSWORD);
await details.getByRole("button", { name: "Log in and send" }).click();
await details.getByText("Saved.").waitFor();
assert.equal(await savedPhone(), "0300-7778899");

// E-mail preferences.
const emails = page.getByRole("region", { name: "E-mails" });
await emails.getByRole("checkbox", { name: "Remind me before a booking" }).uncheck();
await emails.getByLabel("How many days before").fill("99");
await page.keyboard.press("Enter");
await emails.getByText("The largest value is 14.").waitFor();
await audit(page, "422");
await emails.getByLabel("How many days before").fill("7");
await page.keyboard.press("Enter");
await emails.getByText("Saved.").waitFor();
assert.deepEqual(await call(base, "GET", "/auth/me/preferences", { token: await tokenOf(page) }), { emails: { requests: true, reminders: false }, reminder_days: 7 });

// An owner's account.
await page.getByRole("button", { name: "Open an owner's account" }).click();
await page.getByText("This account can list venues.").waitFor();
await emails.getByRole("checkbox", { name: /new requests for my venues/ }).waitFor();

// The language, at once; the sentence about an invalid field is in the reader's language.
await page.getByRole("radio", { name: "اردو" }).check();
await page.locator('html[lang="ur"]').waitFor();
await page.locator("#field-reminder_days").fill("99");
await page.keyboard.press("Enter");
await page.getByText("زیادہ سے زیادہ 14 ہو سکتا ہے۔").waitFor();
await page.getByRole("radio", { name: "English" }).check();

// The password: the old one is checked, and the new token stays.
const password = page.getByRole("region", { name: "Password" });
await password.getByLabel("Current password", { exact: true }).fill("not this one");
await password.getByLabel("New password", { exact: true }).fill("six-quiet-lanterns");
await page.keyboard.press("Enter");
await password.getByText("This password is not right.").waitFor();
await password.getByLabel("Current password", { exact: true }).fill(PASSWORD);
await password.getByLabel("New password", { exact: true }).fill("short");
await page.keyboard.press("Enter");
await password.getByText("Please write at least 8 characters.").waitFor();
await password.getByLabel("New password", { exact: true }).fill("six-quiet-lanterns");
await page.keyboard.press("Enter");
await password.getByText("Your password is changed.").waitFor();
await page.reload();
await page.getByRole("region", { name: "Your details" }).waitFor();

// An owner with a booked venue.
const token = await tokenOf(page);
const day = dayAhead(50);
const body = { venue_name: "Moti Lawn", type: "Lawn", address: "Clifton, Karachi", capacity: 300, maps_location: { lat: 24.8, lng: 67.0 }, dates_available: [day] };
const { venue_id } = await call(base, "POST", "/venues/register", { token, body });
const guest = await signUp(base);
const { booking } = await call(base, "POST", "/bookings", { token: guest.token, body: { venue_id, date: day, guests: 100 } });

// The owner blocks the guest, for example from a request, and takes the requests again here.
const blocked = page.getByRole("region", { name: "Blocked guests" });
await blocked.getByText("You have blocked no guests.").waitFor();
await call(base, "PUT", `/auth/me/blocked/${guest.profile.id}`, { token });
await page.reload();
await blocked.getByRole("listitem").getByText("Ayesha Khan").first().waitFor();
await audit(page, "blocked guests");
await blocked.getByRole("button", { name: "Unblock Ayesha Khan" }).focus();
await page.keyboard.press("Enter");
await blocked.getByText("Your venues take requests of Ayesha Khan again.").waitFor();
await waitForFocus(blocked.getByRole("status"));
await blocked.getByText("You have blocked no guests.").waitFor();
assert.deepEqual((await call(base, "GET", "/auth/me/blocked", { token })).blocked, []);

// The deletion names the booked days. Without them, the account is gone.
await page.getByRole("button", { name: "Delete my account" }).click();
const dialog = page.getByRole("dialog");
await audit(page, "deletion");
await screenshot(page, "deletion");
await dialog.getByRole("button", { name: "Delete my account" }).click();
await dialog.getByText("Please fill this in.").waitFor();
await dialog.getByLabel("Current password", { exact: true }).fill("six-quiet-lanterns");
await page.keyboard.press("Enter");
await dialog.getByText("Your venues have upcoming bookings.").waitFor();
assert.match(await dialog.locator(".booked-days a").getAttribute("href"), new RegExp(booking.id));
await audit(page, "has_bookings");
await screenshot(page, "has-bookings");
await call(base, "DELETE", `/bookings/${booking.id}`, { token: guest.token });
await dialog.getByRole("button", { name: "Delete my account" }).click();
await page.getByText("Your account is deleted.").waitFor();
await audit(page, "deleted");
assert.equal(await page.evaluate(() => localStorage.getItem("halls.session")), null);
await page.context().close();

// Log out everywhere. The first attempt does not reach the server: the page says so, and a button tries again.
const leaving = await openAs(guest, "/account");
await leaving.route("**/auth/logout", failWith(503, "database_unavailable"), { times: 1 });
await leaving.getByRole("button", { name: "Log out everywhere" }).click();
await leaving.getByText("We could not end the session on the server.").waitFor();
await leaving.waitForURL(/\/login/);
await call(base, "GET", "/auth/me", { token: guest.token });
await leaving.getByRole("button", { name: "Try again" }).click();
await leaving.getByText("We could not end the session on the server.").waitFor({ state: "detached" });
const after = await fetch(`${base}/auth/me`, { headers: { Authorization: `Bearer ${guest.token}` } });
assert.equal((await after.json()).code, "token_revoked");
await leaving.context().close();

await close();
console.log("the account works");
