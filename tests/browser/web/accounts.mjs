// Sign up, log in and out: node accounts.mjs BASE_URL SCREENSHOT_FOLDER
import assert from "node:assert/strict";
import { call, failWith, PASSWORD, signUp, startBrowser, waitForFocus } from "./browser.mjs";

const [base, folder] = process.argv.slice(2);
const { open, audit, expect, close } = await startBrowser(base, folder);
expect(/status of (401|403|409|422|429|503)/);
const JSON_TYPE = { "Content-Type": "application/json" };
const newEmail = () => `${crypto.randomUUID()}@example.com`;
const stored = (page) => page.evaluate(() => JSON.parse(sessionStorage.getItem("halls.session") ?? localStorage.getItem("halls.session")));
const heading = (page, name) => page.getByRole("heading", { name, level: 1 }).waitFor();
/** The main button of the form, in any language. */
const submit = (page) => page.locator("form.form [type=submit]").first();

async function fillLogin(page, email, password) {
  await page.locator("[name=email]").fill(email);
  await page.locator("[name=password]").fill(password);
}
const isValid = async (token) => (await fetch(`${base}/auth/me`, { headers: { Authorization: `Bearer ${token}` } })).ok;

// An empty form: each sentence stands beside its field, in the reader's language.
for (const [language, sentence] of [["en", "Please write at least 8 characters."], ["ur", "کم از کم 8 حروف لکھیں۔"]]) {
  const page = await open("/signup", { width: 390, language });
  await submit(page).click();
  await page.locator("#field-password-fault").getByText(sentence).waitFor();
  await waitForFocus(page.locator('[name="email"]')); // the first invalid field
  await audit(page, `faults ${language}`);
  await page.context().close();
}

// Sign up as the owner of a hall by keyboard alone, with a fault first. The page leads on to `next`.
const page = await open("/signup?next=/find%3Fplace%3Dlahore");
await submit(page).waitFor();
const email = newEmail();
await page.getByRole("radio", { name: "I am looking for a hall" }).focus();
await page.keyboard.press("ArrowDown");
await page.keyboard.press("Tab");
await page.keyboard.type("Ayesha Khan");
await page.keyboard.press("Tab");
await page.keyboard.type(email);
await page.keyboard.press("Tab");
await page.keyboard.press("Tab");
await page.keyboard.type("short");
await page.keyboard.press("Enter");
await page.getByText("Please write at least 8 characters.").waitFor();
await waitForFocus(page.locator('[name="password"]'));
await page.keyboard.press("Control+A");
await page.keyboard.type(PASSWORD);
await page.keyboard.press("Enter");
await heading(page, "Welcome to Halls");
await page.getByText(`We have sent an e-mail to ${email}.`).waitFor();
await audit(page, "welcome");
assert.equal((await stored(page)).profile.is_venue_owner, true);
await page.getByRole("link", { name: "Continue", exact: true }).click();
await page.waitForURL(`${base}/find?place=lahore`);
await heading(page, "Venues in Lahore");

// The menu: by keyboard, Escape closes it and gives the focus back. "Log out" ends the session on the server.
const { token } = await stored(page);
const menu = page.getByRole("button", { name: "Account" });
await menu.focus();
await page.keyboard.press("Enter");
await audit(page, "menu");
await page.keyboard.press("Tab");
await page.keyboard.press("Escape");
await waitForFocus(menu);
assert.ok(await page.getByRole("button", { name: "Log out", exact: true }).isHidden());
await menu.click();
await page.getByRole("button", { name: "Log out", exact: true }).click();
await page.getByRole("link", { name: "Log in" }).waitFor();
assert.equal(await stored(page), null);
await page.waitForFunction(async (old) => !(await fetch("/auth/me", { headers: { Authorization: `Bearer ${old}` } })).ok, token);

// The address has an account already: the sentence stands beside the field, with the ways on.
await page.goto(`${base}/signup`);
await fillLogin(page, email, PASSWORD);
await submit(page).click();
await page.locator("#field-email-fault").getByText("An account with this address exists.").waitFor();
await audit(page, "taken");
await page.locator("#field-email-fault").getByRole("link", { name: "Log in" }).click();

// A wrong password, then the right one. `next` leads to our pages only.
await heading(page, "Log in");
await fillLogin(page, email, "a wrong one");
await submit(page).click();
await page.getByText("The e-mail address or the password is wrong.").waitFor();
await audit(page, "wrong password");
for (const next of ["https://evil.example/", "//evil.example", "/\\evil.example", "//", "/auth/me", "javascript:alert(1)"]) {
  await page.goto(`${base}/login?next=${encodeURIComponent(next)}`);
  await fillLogin(page, email, PASSWORD);
  await submit(page).click();
  await page.waitForURL(`${base}/`);
  await page.evaluate(() => localStorage.clear());
}
await page.goto(`${base}/login?next=${encodeURIComponent("/find?place=lahore#top")}`);
await fillLogin(page, email, PASSWORD);
await submit(page).click();
await page.waitForURL(`${base}/find?place=lahore#top`);

// Another tab has the session too, and loses it with a log-out "on all devices", which ends every token of the account.
const other = await call(base, "POST", "/auth/login", { body: { email, password: PASSWORD } });
const second = await page.context().newPage();
await second.goto(`${base}/`);
await second.getByRole("button", { name: "Account" }).waitFor();
await page.getByRole("button", { name: "Account" }).click();
await page.getByRole("button", { name: "Log out on all devices" }).click();
await second.getByRole("link", { name: "Log in" }).waitFor();
await page.waitForFunction(async (old) => !(await fetch("/auth/me", { headers: { Authorization: `Bearer ${old}` } })).ok, other.token);

// A log-in in one tab also takes the log-in page of the other tab further.
await second.goto(`${base}/login`);
await page.goto(`${base}/login`);
await fillLogin(page, email, PASSWORD);
let arrive;
const arrival = new Promise((done) => { arrive = done; });
await page.route("**/start/page.js", async (route) => { await arrival; await route.continue(); });
await submit(page).click();
await page.waitForURL(`${base}/`);
await second.waitForURL(`${base}/`);

// The server cannot be reached: the session ends here, the page says so, and tries again.
await page.route("**/auth/logout", (route) => route.abort(), { times: 1 });
expect(/ERR_FAILED/);
await page.getByRole("button", { name: "Account" }).click();
// A page that arrives late does not close the menu by taking the focus.
arrive();
await heading(page, "Find the hall for your wedding");
await page.getByRole("button", { name: "Log out", exact: true }).click();
await page.getByText("We could not end the session on the server.").waitFor();
await page.getByRole("button", { name: "Try again" }).click();
await page.getByText("We could not end the session on the server.").waitFor({ state: "detached" });
await page.context().close();

// A shared device: the session is in this tab only, also after the token was renewed.
const shared = await open("/login");
const account = await signUp(base);
await fillLogin(shared, account.email, PASSWORD);
await shared.getByRole("checkbox", { name: "This is a shared device." }).check();
await submit(shared).click();
await shared.getByRole("button", { name: "Account" }).waitFor();
assert.equal(await shared.evaluate(() => localStorage.getItem("halls.session")), null);
const old = await stored(shared);
await shared.evaluate((session) => sessionStorage.setItem("halls.session", JSON.stringify({ ...session, received_at: "2020-01-01T00:00:00Z" })), old);
await shared.reload();
await shared.waitForFunction((token) => JSON.parse(sessionStorage.getItem("halls.session")).token !== token, old.token);
assert.equal(await shared.evaluate(() => localStorage.getItem("halls.session")), null);
const stranger = await shared.context().newPage();
await stranger.goto(`${base}/`);
await stranger.getByRole("link", { name: "Log in" }).waitFor();
await stranger.close();

// The server ended the session: the next request says so on the log-in page.
await call(base, "POST", "/auth/logout", { body: { everywhere: true }, token: (await stored(shared)).token });
await shared.evaluate(() => {
  const session = JSON.parse(sessionStorage.getItem("halls.session"));
  sessionStorage.setItem("halls.session", JSON.stringify({ ...session, received_at: "2020-01-01T00:00:00Z" }));
});
await shared.reload();
await shared.getByRole("link", { name: "Log in" }).click();
await shared.getByText("You were logged out for your security. Please log in again.").waitFor();

// 429 with a short wait: the form is sent again by itself, with what it contains then. With a long one, it says when.
await shared.route("**/auth/login", failWith(429, "rate_limited", { headers: { "Retry-After": "2" } }), { times: 1 });
await fillLogin(shared, account.email, "a wrong one");
await submit(shared).click();
await shared.getByText("Too many attempts. We will send this again in 2 seconds.").waitFor();
await shared.locator("[name=password]").fill(PASSWORD);
await shared.getByRole("button", { name: "Account" }).waitFor();
await shared.evaluate(() => sessionStorage.clear());
await shared.goto(`${base}/login`);
await shared.route("**/auth/login", failWith(429, "rate_limited", { headers: { "Retry-After": "290" } }), { times: 1 });
await fillLogin(shared, account.email, PASSWORD);
await submit(shared).click();
await shared.getByText(/Too many attempts\. Please try again after \d\d:\d\d\./).waitFor();

// A suspended account: the address of the operator, in both languages.
for (const language of ["en", "ur"]) {
  await shared.goto(`${base}/login?lang=${language}`);
  await shared.route("**/auth/login", failWith(403, "suspended", { error: "Your account is suspended. Write to operator@halls.example." }), { times: 1 });
  await fillLogin(shared, account.email, PASSWORD);
  await submit(shared).click();
  await shared.locator(".bad").getByText("operator@halls.example").waitFor();
  await audit(shared, `suspended ${language}`);
}
await shared.goto(`${base}/login?lang=en`);
await shared.route("**/auth/login", failWith(503, "database_unavailable"), { times: 1 });
await fillLogin(shared, account.email, PASSWORD);
await submit(shared).click();
await shared.getByText("We can't reach our database at the moment.").waitFor();
assert.equal(await shared.locator("[name=email]").inputValue(), account.email, "the form keeps its content");
await submit(shared).click();
await shared.getByRole("button", { name: "Account" }).waitFor();
assert.ok(await isValid((await stored(shared)).token));
await shared.context().close();

// Google: its page gets state and nonce. Only an answer to this tab's own request counts.
expect(/request to another host: https:\/\/accounts\.google\.com\//);
const google = await open("/login?next=/find%3Fplace%3Dlahore");
const back = (change) => async (route) => {
  const asked = new URL(route.request().url()).searchParams;
  assert.equal(asked.get("redirect_uri"), `${base}/login`);
  assert.equal(asked.get("response_type"), "id_token");
  const answer = { state: asked.get("state"), nonce: asked.get("nonce"), ...change };
  const idToken = `e30.${Buffer.from(JSON.stringify({ nonce: answer.nonce })).toString("base64url")}.c2ln`;
  await route.fulfill({ status: 302, headers: { Location: `${base}/login#state=${answer.state}&id_token=${idToken}` } });
};
const sessionOfGoogle = (route) => {
  assert.deepEqual(Object.keys(route.request().postDataJSON()), ["id_token"]);
  return route.fulfill({ status: 200, headers: JSON_TYPE, body: JSON.stringify({ ok: true, data: { token: account.token, expires_at: account.expires_at, profile: account.profile } }) });
};
await google.route("**/auth/google", sessionOfGoogle);
for (const change of [{ state: "another" }, { nonce: "another" }]) {
  await google.route("https://accounts.google.com/**", back(change), { times: 1 });
  await google.goto(`${base}/login?next=/find%3Fplace%3Dlahore`);
  await google.getByRole("link", { name: "Continue with Google" }).click();
  await google.getByText("This log-in with Google is not valid here.").waitFor();
  assert.equal(google.url(), `${base}/login`, "the token has left the address");
  assert.equal(await stored(google), null);
}
// Google's keys can't be read: the form with the password is there.
await google.route("**/auth/google", failWith(503, "google_unavailable"), { times: 1 });
await google.route("https://accounts.google.com/**", back({}), { times: 1 });
await google.goto(`${base}/login?next=/find%3Fplace%3Dlahore`);
await google.getByRole("link", { name: "Continue with Google" }).click();
await google.getByText("Google login does not work at the moment.").waitFor();
assert.ok(await submit(google).isVisible());
await google.goto(`${base}/login?next=/find%3Fplace%3Dlahore`);
await google.route("https://accounts.google.com/**", back({}), { times: 1 });
await google.getByRole("link", { name: "Continue with Google" }).click();
await google.waitForURL(`${base}/find?place=lahore`);
assert.equal((await stored(google)).token, account.token);
await google.context().close();

await close();
console.log("accounts work");
