// The lowest price of each day around a day, from one search over all of them.
import { read } from "../api.js";
import { daysAround, filtersOf } from "../parts/wish.js";
/** @import { FoundVenue } from "../types.js" */
/** @import { Wish } from "../parts/wish.js" */
/** @typedef {Record<string, number | null>} LowestPrices null: no venue is free on that day */

export const DAYS_AROUND = 3;
const PAGE_SIZE = 100;
const MAX_PAGES = 3;

/** Returns the lowest prices of the days around the day of a wish. A day whose price is not certain is missing. @returns {Promise<LowestPrices>} */
export async function readLowestPrices(/** @type {Wish & { date: string }} */ wish, /** @type {string[]} */ days, /** @type {AbortSignal} */ signal) {
  const sort = wish.bbox ? undefined : /** @type {const} */ ("price");
  /** @type {FoundVenue[]} */
  const venues = [];
  /** @type {string | undefined} */
  let cursor;
  for (let page = 0; page < MAX_PAGES; page++) {
    const found = await read("/venues/search", { query: { ...filtersOf(wish), ...daysAround(wish.date, DAYS_AROUND), sort, limit: PAGE_SIZE, cursor }, signal });
    venues.push(...found.venues);
    cursor = found.next_cursor ?? undefined;
    const prices = lowestPrices(venues, days, { isComplete: !cursor, isByPrice: sort === "price" });
    if (!cursor || Object.keys(prices).length === days.length) return prices;
  }
  return lowestPrices(venues, days, { isComplete: false, isByPrice: sort === "price" });
}

/** Returns the lowest price of each day whose price is certain, whatever the venues on further pages cost. @returns {LowestPrices} */
export function lowestPrices(/** @type {Pick<FoundVenue, "price" | "free">[]} */ venues, /** @type {string[]} */ days, /** @type {{ isComplete: boolean, isByPrice: boolean }} */ { isComplete, isByPrice }) {
  // Sorted by price, no venue on a further page is cheaper on any day than the last one here.
  const last = venues.at(-1)?.price ?? null;
  const certain = isComplete ? Infinity : isByPrice ? last ?? Infinity : -Infinity;
  /** @type {LowestPrices} */
  const lowest = {};
  for (const day of days) {
    const prices = venues.flatMap(({ free }) => free ?? []).filter((offer) => offer.date === day && offer.price !== null).map((offer) => offer.price ?? Infinity);
    const price = prices.length ? Math.min(...prices) : null;
    if (price === null ? isComplete : price <= certain) lowest[day] = price;
  }
  return lowest;
}
