// Strokes of the owner's brush become as few changes as possible, and none is lost: node calendar-changes.mjs
import assert from "node:assert/strict";

const { joinChanges, makeChange, missingField } = await import("../../../../src/halls/web/painting/changes.js");

const brush = { action: "offer", price: "", percent: "", roundTo: "1000" };
assert.deepEqual(makeChange(brush, { dates: ["2027-01-01"] }), { do: "offer", dates: ["2027-01-01"] });
assert.deepEqual(makeChange({ ...brush, price: "254000" }, { dates: ["2027-01-01"] }), { do: "offer", dates: ["2027-01-01"], price: 254000 });
// A booked day is never closed.
assert.deepEqual(makeChange({ ...brush, action: "close", price: "1" }, { from: "2027-01-01", to: "2027-01-31", weekdays: ["fri"] }), { do: "close", from: "2027-01-01", to: "2027-01-31", weekdays: ["fri"], keep_booked: true });
assert.deepEqual(makeChange({ ...brush, action: "adjust", percent: "-10" }, { dates: ["2027-01-01"] }), { do: "adjust", dates: ["2027-01-01"], percent: -10, round_to: 1000 });
// All days of the week are no choice of days.
const everyDay = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
assert.deepEqual(makeChange({ ...brush, action: "clear_price" }, { from: "2027-01-01", to: "2027-01-31", weekdays: everyDay }), { do: "clear_price", from: "2027-01-01", to: "2027-01-31" });
assert.deepEqual([missingField({ ...brush, action: "price" }), missingField({ ...brush, action: "adjust" }), missingField(brush)], ["price", "percent", null]);

const offer = (...dates) => ({ do: "offer", dates, price: 100 });
assert.deepEqual(joinChanges([offer("2027-01-02"), offer("2027-01-01", "2027-01-02")]), [offer("2027-01-01", "2027-01-02")]);
// Another price, or a change between them, keeps the order: later changes win.
const other = { do: "offer", dates: ["2027-01-01"], price: 200 };
const close = { do: "close", dates: ["2027-01-01"], keep_booked: true };
assert.deepEqual(joinChanges([offer("2027-01-01"), other]), [offer("2027-01-01"), other]);
assert.deepEqual(joinChanges([offer("2027-01-01"), close, offer("2027-01-01")]), [offer("2027-01-01"), close, offer("2027-01-01")]);
const range = { do: "offer", from: "2027-01-01", to: "2027-01-31", price: 100 };
assert.deepEqual(joinChanges([range, range]), [range, range]);
// Ten percent twice on one day are two changes.
const raise = (...dates) => ({ do: "adjust", dates, percent: 10 });
assert.deepEqual(joinChanges([raise("2027-01-01"), raise("2027-01-01")]), [raise("2027-01-01"), raise("2027-01-01")]);
assert.deepEqual(joinChanges([raise("2027-01-01"), raise("2027-01-02")]), [raise("2027-01-01", "2027-01-02")]);
// One change names at most 366 days.
const many = Array.from({ length: 366 }, (_, index) => new Date(Date.UTC(2027, 0, 1 + index)).toISOString().slice(0, 10));
assert.equal(joinChanges([offer(...many), offer("2029-01-01")]).length, 2);
