// What the state of a booking means.
import { words } from "../words.js";
import { today } from "../days.js";
import { picturesOf } from "../pictures.js";
/** @import { Booking } from "../types.js" */

const BY = /** @type {const} */ ({ owner: "byOwner", guest: "byGuest", expiry: "expired", account_deletion: "byDeletion", operator: "byOperator" });

/** Whether the day is today or later. */
export const isAhead = (/** @type {Booking} */ { date }) => date !== null && date >= today();
/** Whether its guest can still change or cancel it. */
export const isOpen = (/** @type {Booking} */ booking) => isAhead(booking) && (booking.status === "pending" || booking.status === "confirmed");

/** Returns the state in words for the guest. */
export const stateText = (/** @type {Booking} */ booking) => describeState(booking, words.value.bookings.states);

/** Returns the state of a booking in the words of its guest or its owner. A request that the venue rejected is declined, not cancelled. */
export function describeState(/** @type {Booking} */ booking, /** @type {typeof words.value.bookings.states} */ w) {
  const { status, cancellation } = booking;
  if (status === "pending") return isAhead(booking) ? w.pending : w.unanswered;
  if (status !== "cancelled") return status ? w.confirmed : w.unknown;
  if (!cancellation) return w.cancelled;
  if (cancellation.by === "owner" && cancellation.from === "pending") return w.declined;
  return w[BY[cancellation.by]];
}

/** Returns the class for the colour of the state. */
export const stateClass = (/** @type {Booking} */ { status }) => `state ${status ?? "unknown"}`;

/** Returns the name of the venue, also if the venue is gone. */
export const venueName = (/** @type {Booking} */ { venue }) => venue?.venue_name || words.value.bookings.venueGone;

/** Returns the picture of the venue, or a drawing. */
export function pictureOf(/** @type {Booking} */ { id, venue }) {
  return picturesOf({ id: venue?.id ?? id, type: venue?.type ?? null, pictures: venue?.picture ? [venue.picture] : [] })[0] ?? "";
}
