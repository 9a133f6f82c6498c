// Measures LCP, CLS and INP of the web pages in Chromium: node benchmarks/web_vitals.mjs BASE_URL
// Emulates a phone of 390 px on slow 4G with a processor that is four times slower. Prints the median of the runs.
// The server needs the demonstration data. HTTP/2 needs NGINX, with its host name in BASE_URL. NGINX_ADDRESS is the
// address and port that this name stands for, if it is another one.
import { chromium } from "playwright-core";

const RUNS = 3;
const CPU_FACTOR = 4;
const SLOW_4G = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 0.75e6 / 8 };
const FIND = "/find?place=karachi";
const CARD = ".card:not(.ghost)";
const FREE = ".calendar button.free";
const SETTLE_MS = 3000;

/** Runs in the page, before its own modules: collects what Chromium reports. */
function observe() {
  window.vitals = { lcp: 0, cls: 0, inp: 0 };
  const watch = (type, use, options = {}) => new PerformanceObserver((list) => list.getEntries().forEach(use)).observe({ type, buffered: true, ...options });
  watch("largest-contentful-paint", (entry) => { window.vitals.lcp = entry.startTime; });
  watch("layout-shift", (entry) => { if (!entry.hadRecentInput) window.vitals.cls += entry.value; });
  watch("event", (entry) => { if (entry.interactionId) window.vitals.inp = Math.max(window.vitals.inp, entry.duration); }, { durationThreshold: 16 });
}

const useSearch = async (page) => {
  await page.getByLabel("Guests").click();
  await page.keyboard.type("300");
  const chip = page.getByRole("radio").nth(1);
  if (await chip.count()) await chip.check({ force: true });
};
const useCalendar = async (page) => {
  await page.locator(FREE).last().click();
  await page.getByRole("button", { name: "More guests" }).click();
};

/** Loads a page, waits for `ready`, uses its first controls, and returns its values. */
async function measure(browser, { path, ready, use }) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.addInitScript(observe);
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", SLOW_4G);
  await session.send("Emulation.setCPUThrottlingRate", { rate: CPU_FACTOR });
  await page.goto(base + path);
  await page.locator(ready).first().waitFor({ state: "attached", timeout: 60_000 });
  await page.waitForTimeout(SETTLE_MS);
  // LCP ends with the first input, so it is read before.
  const { lcp, cls } = await page.evaluate(() => window.vitals);
  await use(page);
  await page.waitForTimeout(SETTLE_MS);
  const { inp } = await page.evaluate(() => window.vitals);
  await context.close();
  return { lcp, cls, inp };
}

/** Returns the path of the page of the first venue found. */
async function findVenue(browser) {
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  await page.goto(base + FIND);
  const link = await page.locator(`${CARD} a`).first().getAttribute("href");
  await page.close();
  return link;
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const [base] = process.argv.slice(2);
const { NGINX_ADDRESS } = process.env;
const names = NGINX_ADDRESS ? [`--host-resolver-rules=MAP ${new URL(base).hostname} ${NGINX_ADDRESS}`] : [];
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", ...names] });
const pages = [
  { name: "/", path: "/", ready: CARD, use: useSearch },
  { name: "/find", path: FIND, ready: CARD, use: useSearch },
  { name: "/find, as map", path: `${FIND}&view=map`, ready: ".pin", use: useSearch },
  { name: "/hall/:id", path: await findVenue(browser), ready: FREE, use: useCalendar },
];
console.log("page\tLCP ms\tCLS\tINP ms");
for (const page of pages) {
  const runs = [];
  for (let run = 0; run < RUNS; run++) runs.push(await measure(browser, page));
  const [lcp, cls, inp] = ["lcp", "cls", "inp"].map((name) => median(runs.map((each) => each[name])));
  console.log(`${page.name}\t${Math.round(lcp)}\t${cls.toFixed(3)}\t${Math.round(inp)}`);
}
await browser.close();
