// Which days of the shown venue are free, and their prices: read a year at a time.
import { signal } from "../vendor/ui.js";
import { read } from "../api.js";
import { addDays, daysOf, today } from "../days.js";
/** @import { DayOffered } from "../types.js" */

const YEAR_DAYS = 365;

/** What is known, by day. */
const offers = signal(/** @type {Record<string, DayOffered>} */ ({}));
let venueId = "";

/** Starts a visit of a venue: what is known from before may be out of date. */
export function openVenue(/** @type {string} */ id) {
  venueId = id;
  offers.value = {};
}

/** Returns the state of a day, or undefined until it is loaded. */
export const offerOf = (/** @type {string} */ day) => offers.value[day];

/** Returns the lowest price of the free days that are known, or null. */
export function lowestPrice() {
  const prices = Object.values(offers.value).flatMap(({ available, price }) => (available && price !== null ? [price] : []));
  return prices.length ? Math.min(...prices) : null;
}

/** Whether any day is known. */
export const isLoaded = () => Object.keys(offers.value).length > 0;

/** Loads the days of a month and of the year after it, unless they are known. Rejects with an ApiError. */
export async function loadMonth(/** @type {string} */ month) {
  const days = daysOf(month).filter((day) => day > today());
  const [first, last] = [days[0], days.at(-1)];
  if (first && last && !(offers.value[first] && offers.value[last])) await load(first, addDays(first, YEAR_DAYS));
}

/** Loads a month again, after a day of it has been taken. Without a response, the calendar stays as it is. */
export async function reloadMonth(/** @type {string} */ month) {
  const days = daysOf(month).filter((day) => day > today());
  const [first, last] = [days[0], days.at(-1)];
  if (first && last) await load(first, last).catch(() => {});
}

async function load(/** @type {string} */ from, /** @type {string} */ to) {
  const id = venueId;
  const { days } = await read("/venues/{venue_id}/availability", { parts: { venue_id: id }, query: { from, to } });
  if (id === venueId) offers.value = { ...offers.value, ...Object.fromEntries((days ?? []).map((day) => [day.date, day])) };
}
