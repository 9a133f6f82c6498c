// The links of e-mails: node mailed-links.mjs BASE_URL SCREENSHOT_FOLDER SERVER_LOG
import assert from "node:assert/strict";
import fs from "node:fs";
import { call, PASSWORD, signUp, startBrowser } from "./browser.mjs";

const [base, , log] = process.argv.slice(2);
const { open, audit, expect, close } = await startBrowser(base);
expect(/status of (401|422)/);
const NEW_PASSWORD = "paper-boat-on-ravi";
const WAIT_MS = 30_000;
const submit = (page) => page.locator("form.form [type=submit]").first();
const canLogIn = async (email, password) => (await fetch(`${base}/auth/login`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ email, password }) })).ok;

/** Waits for an e-mail in the server's log, and returns the link to one of our pages in it. */
async function mailedLink(email, path) {
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await new Promise((done) => setTimeout(done, 200))) {
    const mails = fs.readFileSync(log, "utf8").split("\n").filter((line) => line.includes(email));
    const links = mails.flatMap((line) => line.match(new RegExp(`https?://[^\\s"\\\\]*${path}\\?token=[\\w-]+`, "g")) ?? []);
    if (links.length) return links.at(-1);
  }
  throw new Error(`no e-mail to ${email} with a link to ${path}`);
}

/** Opens a mailed link. The token leaves the address at once, and the page sends no POST. */
async function openLink(link) {
  const url = new URL(link);
  assert.equal(url.origin, base, "without APP_URL, the links lead to this server");
  const page = await open("/");
  const posts = [];
  page.on("request", (request) => { if (request.method() !== "GET") posts.push(request.url()); });
  await page.goto(link);
  await submit(page).waitFor();
  await page.waitForLoadState("networkidle");
  assert.equal(page.url(), base + url.pathname, "the token has left the address");
  assert.deepEqual(posts, [], "opening a link changes nothing");
  return page;
}

// Forgotten password: e-mail, link, new password, log-in.
const forgetful = await signUp(base);
const asking = await open("/login");
await asking.getByRole("link", { name: "Forgot your password?" }).click();
// The log-in, which is shown until this page is there, has a field for the address too.
await asking.getByRole("heading", { name: "Forgot your password?" }).waitFor();
await asking.getByLabel("E-mail address").fill(forgetful.email);
await asking.getByRole("button", { name: "Send me a link" }).click();
await asking.getByText(`If an account has the address ${forgetful.email}, an e-mail with a link is on its way.`).waitFor();
await audit(asking, "sent");
await asking.context().close();
const resetLink = await mailedLink(forgetful.email, "/reset-password");
const reset = await openLink(resetLink);
assert.ok(await canLogIn(forgetful.email, PASSWORD), "opening the link changed nothing");
await reset.reload();
await reset.getByLabel("New password").fill("short");
await submit(reset).click();
await reset.getByText("Please write at least 8 characters.").waitFor();
await reset.getByLabel("New password").fill(NEW_PASSWORD);
await submit(reset).click();
await reset.getByText("Your new password is set. Log in with it.").waitFor();
await audit(reset, "password is set");
assert.ok(!(await canLogIn(forgetful.email, PASSWORD)));
await reset.getByLabel("E-mail address").fill(forgetful.email);
await reset.getByLabel("Password", { exact: true }).fill(NEW_PASSWORD);
await submit(reset).click();
await reset.getByRole("button", { name: "Account" }).waitFor();
await reset.context().close();

// A used link: the way to a new one.
const used = await openLink(resetLink);
await used.getByLabel("New password").fill(NEW_PASSWORD);
await submit(used).click();
await used.getByText("This link has been used, is too old, or belongs to another account.").waitFor();
await audit(used, "used link");
await used.getByRole("link", { name: "Send me a link" }).click();
await used.getByRole("heading", { name: "Forgot your password?" }).waitFor();
await used.context().close();

// Confirm an address: log in first, then press the button.
const unverified = await signUp(base);
const isVerified = async () => (await call(base, "GET", "/auth/me", { token: unverified.token })).profile.email_verified;
const verify = await openLink(await mailedLink(unverified.email, "/verify-email"));
await verify.getByLabel("E-mail address").fill(unverified.email);
await verify.getByLabel("Password", { exact: true }).fill(PASSWORD);
await submit(verify).click();
await verify.getByRole("button", { name: "Confirm my e-mail address" }).waitFor();
await audit(verify, "confirm");
assert.equal(await isVerified(), false, "logging in changed nothing");
await verify.reload();
await verify.getByRole("button", { name: "Confirm my e-mail address" }).click();
await verify.getByText(`Your e-mail address ${unverified.email} is confirmed.`).waitFor();
await audit(verify, "confirmed");
assert.equal(await isVerified(), true);
await verify.context().close();

// The link of another account: a new e-mail.
const someone = await signUp(base);
const wrong = await openLink(`${base}/verify-email?token=x`);
await wrong.getByLabel("E-mail address").fill(someone.email);
await wrong.getByLabel("Password", { exact: true }).fill(PASSWORD);
await submit(wrong).click();
await wrong.getByRole("button", { name: "Confirm my e-mail address" }).click();
await wrong.getByText("This link has been used, is too old, or belongs to another account.").waitFor();
await audit(wrong, "link of another account");
await wrong.getByRole("button", { name: "Send me a link" }).click();
await wrong.getByText("an e-mail with a new link is on its way").waitFor();
await wrong.context().close();

// This was not me: the button ends the account. Its password then opens nothing.
const disown = await openLink(await mailedLink(someone.email, "/disown-email"));
assert.ok(await canLogIn(someone.email, PASSWORD), "opening the link changed nothing");
await disown.getByRole("button", { name: "This was not me" }).focus();
await disown.keyboard.press("Enter");
await disown.getByText("The account and its old password no longer work").waitFor();
await audit(disown, "disowned");
assert.ok(!(await canLogIn(someone.email, PASSWORD)));
await disown.getByRole("link", { name: "Set a password of your own" }).click();
await disown.getByRole("heading", { name: "Forgot your password?" }).waitFor();
await disown.context().close();

await close();
console.log("mailed links work");
