// A guest finds, books and cancels with the keyboard alone: node keyboard.mjs BASE_URL
import assert from "node:assert/strict";
import { PASSWORD, signUp, startBrowser, waitForFocus } from "./browser.mjs";
import { useKeyboard } from "./parts/keyboard.mjs";

const [base] = process.argv.slice(2);
const { open, close } = await startBrowser(base);
const MAX_PRESSES = 120;
const guest = await signUp(base);
const page = await open("/");
const { tabTo, use, fill } = useKeyboard(page);

// The first stop leads past the header.
await page.locator(".card:not(.ghost)").first().waitFor();
await use(page.getByRole("link", { name: "Skip to the content" }));
await fill(page.getByLabel("Where"), "lahore");
await fill(page.getByLabel("Guests"), "100");
await page.keyboard.press("Enter");
await page.getByRole("heading", { name: "Venues in Lahore" }).waitFor();
await use(page.locator(".card:not(.ghost) a").first());

// The calendar: one stop, the arrows choose the day.
const calendar = page.locator(".calendar button.free").first();
await calendar.waitFor();
await waitForFocus(page.locator("h1"));
await tabTo(page.locator('.calendar table [tabindex="0"]'));
await page.keyboard.press("PageDown");
await page.keyboard.press("ArrowDown");
for (let steps = 0; !(await page.evaluate(() => document.activeElement.matches(".free"))); steps++) {
  assert.ok(steps < MAX_PRESSES);
  await page.keyboard.press("ArrowRight");
}
const day = await page.evaluate(() => document.activeElement.dataset.day);
await page.keyboard.press("Enter");
await page.waitForURL(new RegExp(`date=${day}`));

// The request, with a log-in on the way.
await fill(page.getByLabel("Anything the venue should know"), "Walima in the evening.");
await use(page.getByRole("button", { name: "Request to book" }));
await fill(page.getByLabel("E-mail address"), guest.email);
await fill(page.getByLabel("Password", { exact: true }), PASSWORD);
await page.keyboard.press("Enter");
const done = page.getByRole("heading", { name: "The venue has your request." });
await done.waitFor();
await waitForFocus(done);
await use(page.getByRole("link", { name: "See the booking" }));

// Escape keeps the booking, and gives the focus back. The second attempt cancels it.
const cancel = page.getByRole("main").getByRole("button", { name: "Cancel this booking" }).first();
await use(cancel);
await page.getByRole("dialog").waitFor();
await page.keyboard.press("Escape");
await page.getByRole("dialog").waitFor({ state: "hidden" });
await waitForFocus(cancel);
await page.keyboard.press("Enter");
await fill(page.getByLabel("Reason for the venue"), "The date has moved");
await use(page.getByRole("dialog").getByRole("button", { name: "Cancel this booking" }));
await page.getByText("The booking is cancelled.").waitFor();
await waitForFocus(page.locator("#state"));

await close();
console.log("the keyboard is enough");
