// The next weekends and their lowest prices near a place.
import { read } from "../api.js";
import { addDays, dayAndMonth, dayNumber, monthOf, today, weekday } from "../days.js";
import { reachOf } from "../places.js";
import { WEEKEND } from "../parts/wish.js";
/** @import { FoundVenue } from "../types.js" */
/** @import { Place } from "../places.js" */
/** @typedef {{ friday: string, best: { date: string, price: number } | null }} Weekend `best`: the cheapest free day, if the price is known */

const FRIDAY = 4;
const WEEKENDS = 6;
const DAYS = 3;

/** Returns the Fridays of the next weekends whose three days are all ahead. */
export function nextFridays(from = today()) {
  const first = addDays(from, ((FRIDAY - weekday(from) + 6) % 7) + 1);
  return Array.from({ length: WEEKENDS }, (_, index) => addDays(first, 7 * index));
}

/** Returns "4–6 Dec", or "30 Oct – 1 Nov". */
export function weekendName(/** @type {string} */ friday) {
  const sunday = addDays(friday, DAYS - 1);
  if (monthOf(friday) === monthOf(sunday)) return `${dayNumber(friday)}–${dayAndMonth(sunday)}`;
  return `${dayAndMonth(friday)} – ${dayAndMonth(sunday)}`;
}

/** Returns the cheapest venues on the next weekends near a place, and the weekends. */
export async function readWeekends(/** @type {Place} */ place, /** @type {AbortSignal} */ signal) {
  const fridays = nextFridays();
  const { venues } = await read("/venues/search", {
    query: {
      near_lat: place.lat, near_lng: place.lng, near_km: reachOf(place), weekdays: WEEKEND, sort: "price", limit: 100,
      date_from: fridays[0], date_to: addDays(fridays.at(-1) ?? "", DAYS - 1),
    },
    signal,
  });
  return { venues, weekends: fridays.map((friday) => ({ friday, best: findBest(venues, friday) })) };
}

/** @returns {Weekend["best"]} */
function findBest(/** @type {FoundVenue[]} */ venues, /** @type {string} */ friday) {
  const sunday = addDays(friday, DAYS - 1);
  const offers = venues.flatMap(({ free }) => free ?? []).flatMap(({ date, price }) => (price !== null && date >= friday && date <= sunday ? [{ date, price }] : []));
  return offers.reduce((best, offer) => (best && best.price <= offer.price ? best : offer), /** @type {Weekend["best"]} */ (null));
}
