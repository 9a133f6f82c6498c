// Days are the same in every time zone of the browser: TZ=… node days.mjs
import assert from "node:assert/strict";
import "./globals.mjs";

const { loadWords } = await import("../../../../src/halls/web/words.js");
const days = await import("../../../../src/halls/web/days.js");
const { nextFridays, weekendName } = await import("../../../../src/halls/web/start/weekends.js");

await loadWords("en");
assert.equal(days.addDays("2026-12-31", 1), "2027-01-01");
assert.equal(days.addDays("2027-03-01", -1), "2027-02-28");
// The days on which Los Angeles and Auckland change their clocks.
for (const day of ["2026-03-08", "2026-11-01", "2026-04-05", "2026-09-27"]) {
  assert.equal(days.addDays(days.addDays(day, 1), -1), day);
  assert.equal(days.addDays(day, 7).length, 10);
  assert.equal(days.weekday(day), 6, `${day} is a Sunday`);
}
assert.deepEqual(["2026-12-24", "2026-12-25", "2026-12-26", "2026-12-27", "2026-12-28"].map(days.isWeekend), [false, true, true, true, false]);
assert.equal(days.longDay("2026-12-26").replace(",", ""), "Saturday 26 December 2026");
assert.equal(days.shortDay("2026-12-26").replace(",", ""), "Sat 26 Dec");
assert.equal(days.monthName("2026-12"), "December 2026");
assert.equal(days.daysOf("2028-02").length, 29);
assert.equal(days.addMonths("2026-12", 1), "2027-01");
assert.equal(days.addMonths("2026-01", -1), "2025-12");
assert.equal(days.longMoment("2026-12-12T13:00:00Z").replace(",", ""), "12 December 18:00");
assert.equal(days.timeOfDay(new Date("2026-12-12T22:30:00Z")), "03:30");
assert.equal(days.islamicMonths("2026-12"), "Jamadi-us-Sani – Rajab 1448");
assert.ok(days.isDay("2026-12-26") && !days.isDay("2026-13-26") && !days.isDay("26.12.2026") && !days.isDay(null));

// After 19:00 UTC it is already tomorrow in Karachi.
const RealDate = Date;
globalThis.Date = class extends RealDate { constructor(...args) { super(...(args.length ? args : ["2026-12-25T19:30:00Z"])); } };
assert.equal(days.today(), "2026-12-26");
globalThis.Date = RealDate;

assert.deepEqual(nextFridays("2026-12-24").slice(0, 2), ["2026-12-25", "2027-01-01"]);
assert.equal(nextFridays("2026-12-25")[0], "2027-01-01", "a weekend that has begun is not ahead");
assert.equal(weekendName("2026-12-04"), "4–6 Dec");
assert.equal(weekendName("2026-10-30"), "30 Oct – 1 Nov");
