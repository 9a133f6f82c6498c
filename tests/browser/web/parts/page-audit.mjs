// Checks pages in each view: no finding of axe, no sideways scroll, and a picture.
import assert from "node:assert/strict";
import fs from "node:fs";
import { checkWidth, COLOUR_RULES, LANGUAGES, startBrowser, storeSession, WIDTHS } from "../browser.mjs";

const HEIGHTS = { 390: 844, 1280: 900 };
const NARROWEST = 320;
const MAX_PICTURE_BYTES = 60_000;

/** Writes a picture of the window as WebP, in the best quality that is small enough. */
async function writePicture(page, folder, name) {
  const session = await page.context().newCDPSession(page);
  for (let quality = 85; ; quality -= 15) {
    const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality });
    const picture = Buffer.from(data, "base64");
    if (picture.length > MAX_PICTURE_BYTES && quality > 15) continue;
    fs.writeFileSync(`${folder}/${name}.webp`, picture);
    break;
  }
  await session.detach();
}

/** Checks the shown page in each width and colour scheme. A width changes what is shown, a colour scheme the colours only. */
async function checkViews(page, audit, folder, name) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHTS[width] });
    await page.emulateMedia({ colorScheme: "light" });
    await audit(page, `${name} ${width}`);
    await writePicture(page, folder, `${name}-${width}`);
    await page.emulateMedia({ colorScheme: "dark" });
    await audit(page, `${name} ${width} dark`, COLOUR_RULES);
  }
  await page.setViewportSize({ width: NARROWEST, height: HEIGHTS[WIDTHS[0]] });
  await checkWidth(page, `${name} ${NARROWEST}`);
}

/** Opens pages one after the other in one window, which keeps the files that they share. */
async function checkPages({ open, audit }, folder, { account, pages }, language) {
  const page = await open("/login", { language });
  if (account) await storeSession(page, account);
  for (const { name, address, ready, show } of pages) {
    await page.goto(new URL(address, page.url()).href);
    await page.locator(ready).first().waitFor({ state: "attached" });
    await show?.(page);
    assert.equal(await page.evaluate(() => document.documentElement.lang), language, "the browser remembers the language");
    assert.ok(await page.locator('.foot a[href="/docs"]').isVisible(), `${name} links to /docs`);
    await checkViews(page, audit, folder, `${name}-${language}`);
  }
  await page.context().close();
}

/** Checks pages of pages.mjs, and writes their pictures into a folder. */
export async function auditPages(base, folder, pages) {
  const browser = await startBrowser(base, folder);
  for (const account of new Set(pages.map((page) => page.account))) {
    const group = { account, pages: pages.filter((page) => page.account === account) };
    await Promise.all(LANGUAGES.map((language) => checkPages(browser, folder, group, language)));
  }
  await browser.close();
}
