// The bookings of a guest: upcoming, past or cancelled ones, a page at a time.
import { read } from "../api.js";
import { addDays, today } from "../days.js";
/** @import { Booking } from "../types.js" */
/** @typedef {"upcoming" | "past" | "cancelled"} Group */
/** @typedef {{ bookings: Booking[], cursor: string | null }} Listed */

export const GROUPS = /** @type {const} */ (["upcoming", "past", "cancelled"]);
const PAGE_SIZE = 20;
const ACTIVE = "pending,confirmed";

/** Returns the filters of a group. The API sorts days upwards only: past bookings come by the time of the request, latest first. */
function filtersOf(/** @type {Group} */ group) {
  if (group === "upcoming") return /** @type {const} */ ({ status: ACTIVE, date_from: today(), sort: "date" });
  if (group === "past") return /** @type {const} */ ({ status: ACTIVE, date_to: addDays(today(), -1), sort: "-created_at" });
  return /** @type {const} */ ({ status: "cancelled", sort: "-created_at" });
}

/** Reads a page of bookings that the account made as a guest. @returns {Promise<Listed>} */
export async function readBookings(/** @type {Group} */ group, /** @type {string | undefined} */ cursor, /** @type {AbortSignal} */ signal) {
  const { bookings, next_cursor } = await read("/bookings", { query: { as: "guest", ...filtersOf(group), limit: PAGE_SIZE, cursor }, signal });
  return { bookings, cursor: next_cursor };
}
