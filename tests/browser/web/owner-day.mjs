// An owner's first day on a phone, in both languages, and by keyboard once: node owner-day.mjs BASE_URL SCREENSHOT_FOLDER
import assert from "node:assert/strict";
import { call, dayAhead, PASSWORD, signUp, startBrowser } from "./browser.mjs";
import { useKeyboard } from "./parts/keyboard.mjs";
import { makePhotographs } from "./parts/photographs.mjs";

const [base, folder] = process.argv.slice(2);
const { open, openAs, screenshot, close } = await startBrowser(base, folder);
const PHONE = { width: 390, height: 844 };
const SATURDAY = 6;
const weekdayOf = (date) => new Date(date).getUTCDay();
const readWords = async (language) => (await import(`../../../src/halls/web/words/${language}.js`)).default;

/** Returns what a person does on a page with a finger. The boxes of some choices are transparent. */
const useFinger = () => ({
  use: (locator) => locator.click(),
  fill: (locator, text) => locator.fill(text),
  choose: (locator) => locator.check({ force: true }),
  uncheck: (locator) => locator.uncheck({ force: true }),
  select: (locator) => locator.selectOption({ index: 1 }),
});

async function playDay(language, useHand, name) {
  const words = await readWords(language);
  const page = await open("/owner/venues/new", { ...PHONE, language });
  const { use, fill, choose, uncheck, select } = useHand(page);
  const field = (id) => page.locator(`#field-${id}`);
  const submit = page.locator("main form [type=submit]").first();
  const go = (address) => page.goto(base + address);

  // Sign up. The page of the log-in leads back to the steps.
  await use(page.locator('main a[href^="/signup"]').first());
  await choose(page.locator('input[name="role"][value="owner"]'), 'input[name="role"]');
  await fill(field("full_name"), "Bilal Ahmed");
  await fill(field("email"), `${crypto.randomUUID()}@example.com`);
  await fill(field("password"), PASSWORD);
  await page.keyboard.press("Enter");
  await use(page.locator("main a.primary"));

  // List a venue: name, place, two photographs, and the weekends of a year.
  await fill(field("venue_name"), "Chandni Lawn");
  await select(field("type"));
  await fill(field("capacity"), "600");
  await use(submit);
  await page.waitForURL(/step=2/);
  await page.locator("#places option").first().waitFor({ state: "attached" });
  await fill(field("place"), language === "ur" ? "کراچی" : "Karachi");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.getElementById("field-address")?.value);
  await use(submit);
  await page.waitForURL(/step=3/);
  await field("pictures").setInputFiles(await makePhotographs(page));
  await page.waitForFunction(() => document.querySelectorAll(".photo img").length === 2 && !document.querySelector(".going"));
  await screenshot(page, `photographs-${name}`);
  await use(submit);
  await page.waitForURL(/step=4/);
  await use(submit);
  await page.waitForURL(/step=5/);
  for (const index of [0, 1, 2]) await fill(page.locator(".weekday .price").nth(index), "150000");
  await screenshot(page, `first-days-${name}`);
  await use(submit);
  await page.locator(".good h2").waitFor();
  const { token } = await page.evaluate(() => JSON.parse(localStorage.getItem("halls.session")));
  const { venues: [{ id, pictures }] } = await call(base, "GET", "/venues/mine", { token });
  assert.equal(pictures.length, 2);

  // Saturdays are dearer by a fifth.
  await go(`/owner/venues/${id}/calendar`);
  await page.locator(".painted table[aria-busy=false]").waitFor();
  await choose(page.locator('input[name="action"][value="adjust"]'), 'input[name="action"]');
  await fill(field("percent"), "20");
  for (const index of [4, 6]) await uncheck(page.locator('.every input[name="weekdays"]').nth(index));
  await use(page.locator(".every [type=submit]"));
  await screenshot(page, `dearer-${name}`);
  await use(page.locator(".paint-bar .primary"));
  await page.locator(".outcome .good").waitFor();
  const { venue } = await call(base, "GET", `/venues/${id}`);
  assert.ok(venue.dates_available.length > 150);
  const year = venue.pricing.overrides.filter(({ date }) => date <= dayAhead(364));
  for (const { date, price } of year) assert.equal(price, weekdayOf(date) === SATURDAY ? 180000 : 150000, date);

  // A guest sends a request in another browser, and the owner confirms it.
  const ahead = venue.dates_available.filter((date) => date > dayAhead(20));
  const saturday = ahead.find((date) => weekdayOf(date) === SATURDAY);
  const other = ahead.find((date) => weekdayOf(date) !== SATURDAY);
  const guestPage = await openAs(await signUp(base), `/hall/${id}?date=${saturday}&guests=300`, { ...PHONE, language });
  const isRequest = (response) => response.request().method() === "POST" && new URL(response.url()).pathname === "/bookings";
  const [response] = await Promise.all([guestPage.waitForResponse(isRequest), guestPage.getByRole("button", { name: words.venue.request }).first().click()]);
  const { booking } = (await response.json()).data;
  await guestPage.context().close();
  await go("/owner/requests");
  const request = page.locator(`[data-id="${booking.id}"]`);
  await request.waitFor();
  await screenshot(page, `request-${name}`);
  await use(request.locator(".answer .primary"));
  await request.waitFor({ state: "detached" });
  assert.equal((await call(base, "GET", `/bookings/${booking.id}`, { token })).booking.status, "confirmed");

  // A booking by telephone.
  await go(`/owner/walk-ins/new?venue=${id}&date=${other}`);
  await page.locator(".walk-in-day .good").waitFor();
  await fill(field("full_name"), "Imran Sheikh");
  await fill(field("guests"), "350");
  await fill(field("contact_number"), "0333-1112223");
  await use(submit);
  await page.locator("#notice").waitFor();
  await page.locator("form.walk-in").waitFor({ state: "detached" });

  // The figures agree with both bookings.
  await go("/owner/statistics");
  await page.waitForFunction(() => document.querySelector(".totals b")?.textContent === "2");
  await page.locator(".totals > div").nth(2).filter({ hasText: "330,000" }).waitFor();
  await screenshot(page, `figures-${name}`);

  // A calendar program reads the feed.
  await go("/account/feeds");
  await use(page.locator("form.stack [type=submit]"));
  await page.locator("#address").waitFor();
  const feed = await (await fetch(base + new URL(await page.locator("#address").inputValue()).pathname)).text();
  const starts = feed.replace(/\r\n[ \t]/g, "").match(/DTSTART[^\r]*:\d{8}/g).map((line) => line.slice(-8));
  assert.deepEqual(starts.sort(), [saturday, other].map((date) => date.replaceAll("-", "")).sort());
  await page.context().close();
}

await playDay("en", useFinger, "en");
await playDay("ur", useFinger, "ur");
await playDay("en", useKeyboard, "keyboard");

await close();
console.log("an owner's day works");
