// What the state of a booking means for the owner of its venue.
import { describeState, isAhead } from "../bookings/state.js";
import { words } from "../words.js";
import { ownerWords } from "./words.js";
/** @import { Booking } from "../types.js" */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Whether the request can still be answered. */
export const isWaiting = (/** @type {Booking} */ booking) => booking.status === "pending" && isAhead(booking);

/** Returns the state in words for the owner. */
export const ownerStateText = (/** @type {Booking} */ booking) => describeState(booking, ownerWords.value.request.states);

/** Returns what is left of the time to answer: "2 days left to answer". It is rounded down, so that the answer is in time. */
export function holdText(/** @type {Booking} */ { hold_until }, now = Date.now()) {
  const w = ownerWords.value.requests.left;
  if (!hold_until) return w.none;
  const left = Date.parse(hold_until) - now;
  if (left <= 0) return w.over;
  if (left >= 2 * DAY_MS) return w.days(Math.floor(left / DAY_MS));
  if (left >= HOUR_MS) return w.hours(Math.floor(left / HOUR_MS));
  return w.minutes(Math.max(1, Math.floor(left / MINUTE_MS)));
}

/** Returns the name of the guest, or words in its place. */
export const guestName = (/** @type {Booking} */ { guest, contact }) => guest?.full_name || contact?.full_name || ownerWords.value.requests.noName;

/** Returns the reason of a cancellation, or "". */
export const reasonOf = (/** @type {Booking} */ { cancellation }) => cancellation?.reason ?? "";

/** Returns "3 guests · Rs 317,000", as far as it is known. */
export const guestsText = (/** @type {Booking} */ { guests }) => (guests === null ? "" : words.value.bookings.guests(guests));
