// The lowest price of a day is shown only if no venue on a further page can be cheaper: node lowest-prices.mjs
import assert from "node:assert/strict";
import "./globals.mjs";

const { lowestPrices } = await import("../../../../src/halls/web/results/lowest-prices.js");
const DAYS = ["2026-12-25", "2026-12-26", "2026-12-27"];
const venue = (price, ...prices) => ({ price, free: prices.flatMap((each, index) => (each === undefined ? [] : [{ date: DAYS[index], price: each }])) });
const found = [venue(100, 300, 100), venue(200, 200), venue(250, undefined, 250, undefined)];

const all = { isComplete: true, isByPrice: true };
assert.deepEqual(lowestPrices(found, DAYS, all), { "2026-12-25": 200, "2026-12-26": 100, "2026-12-27": null });
assert.deepEqual(lowestPrices([], DAYS, all), { "2026-12-25": null, "2026-12-26": null, "2026-12-27": null });

// With further pages, all venues there cost at least 250 on each day.
const more = { isComplete: false, isByPrice: true };
assert.deepEqual(lowestPrices(found, DAYS, more), { "2026-12-25": 200, "2026-12-26": 100 });
assert.deepEqual(lowestPrices([venue(100, 300, 100)], DAYS, more), { "2026-12-26": 100 }, "300 may not be the lowest");
// Venues without a price are last: then no priced venue follows.
assert.deepEqual(lowestPrices([venue(100, 300, 100), venue(null, null)], DAYS, more), { "2026-12-25": 300, "2026-12-26": 100 });
// In another order, no price is certain before the last page.
assert.deepEqual(lowestPrices(found, DAYS, { isComplete: false, isByPrice: false }), {});
// Days on which only venues without a price are free count as none.
assert.deepEqual(lowestPrices([venue(null, null)], DAYS, all), { "2026-12-25": null, "2026-12-26": null, "2026-12-27": null });
