// Reads the venues of an owner and their bookings.
import { useEffect, useRef } from "../vendor/ui.js";
import { read } from "../api.js";
import { addDays, daysOf, today } from "../days.js";
/** @import { Booking, Venue } from "../types.js" */
/** @import { Reading } from "../parts/reading.js" */
/** @typedef {typeof GROUPS[number]} Group */
/** @typedef {{ bookings: Booking[], cursor: string | null, total: number }} Listed */

export const GROUPS = /** @type {const} */ (["waiting", "confirmed", "past", "cancelled"]);
const PAGE_SIZE = 50;
const LARGEST_PAGE = 200;
const LARGEST_VENUE_PAGE = 100;
const FRESH_FOR_MS = 60_000;

function filtersOf(/** @type {Group} */ group) {
  if (group === "waiting") return /** @type {const} */ ({ status: "pending", date_from: today(), sort: "date", limit: LARGEST_PAGE });
  if (group === "confirmed") return /** @type {const} */ ({ status: "confirmed", date_from: today(), sort: "date", limit: PAGE_SIZE });
  if (group === "past") return /** @type {const} */ ({ status: "pending,confirmed", date_to: addDays(today(), -1), sort: "-created_at", limit: PAGE_SIZE });
  return /** @type {const} */ ({ status: "cancelled", sort: "-created_at", limit: PAGE_SIZE });
}

/** Reads a page of the bookings of the owner's venues. @returns {Promise<Listed>} */
export async function readGroup(/** @type {Group} */ group, /** @type {string | undefined} */ cursor, /** @type {AbortSignal} */ signal) {
  const { bookings, next_cursor, total } = await read("/bookings", { query: { ...filtersOf(group), include: "total", cursor }, signal });
  return { bookings: group === "waiting" ? sortByHold(bookings) : bookings, cursor: next_cursor, total: total ?? bookings.length };
}

/** Returns requests in the order in which they need an answer: those without a time limit come last. */
export const sortByHold = (/** @type {Booking[]} */ bookings) => bookings.toSorted((a, b) => endOfHold(a) - endOfHold(b));
const endOfHold = (/** @type {Booking} */ { hold_until }) => (hold_until ? Date.parse(hold_until) : Number.MAX_SAFE_INTEGER);

/** Reads all venues of the owner. @returns {Promise<Venue[]>} */
export async function readVenues(/** @type {AbortSignal} */ signal) {
  const found = [];
  let cursor = /** @type {string | undefined} */ (undefined);
  do {
    const page = /** @type {{ venues: Venue[], next_cursor: string | null }} */ (await read("/venues/mine", { query: { limit: LARGEST_VENUE_PAGE, cursor }, signal }));
    found.push(...page.venues);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return found;
}

/** Returns how many days from today on a venue offers. */
export const countDays = (/** @type {Venue} */ { dates_available }) => dates_available.filter((day) => day >= today()).length;

/** Reads the pending and confirmed bookings of a month, of all venues. @returns {Promise<Booking[]>} */
export async function readMonth(/** @type {string} */ month, /** @type {AbortSignal} */ signal) {
  const days = daysOf(month);
  const query = { status: "pending,confirmed", date_from: days[0], date_to: days.at(-1), limit: LARGEST_PAGE };
  const found = [];
  let cursor = /** @type {string | undefined} */ (undefined);
  do {
    const page = /** @type {{ bookings: Booking[], next_cursor: string | null }} */ (await read("/bookings", { query: { ...query, cursor }, signal }));
    found.push(...page.bookings);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return found;
}

/** Reads again every minute and when the page is shown again: another device of the owner may have answered a request. */
export function useFresh(/** @type {Pick<Reading<unknown>, "reload">} */ { reload }, isOn = true) {
  const latest = useRef(reload);
  latest.current = reload;
  useEffect(() => {
    if (!isOn) return undefined;
    const refresh = () => { if (document.visibilityState === "visible") latest.current(); };
    const timer = setInterval(refresh, FRESH_FOR_MS);
    document.addEventListener("visibilitychange", refresh);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", refresh);
    };
  }, [isOn]);
}
