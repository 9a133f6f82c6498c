// What a day of the calendar looks like: as it is stored, or as the changes that are not saved yet would make it.
import { today } from "../days.js";
/** @import { Booking, CalendarChanged, CalendarDay } from "../types.js" */
/** @typedef {"free" | "closed" | "requested" | "booked" | "past"} State */
/** @typedef {{ state: State, price: number | null, booking: Booking | null, isChanged: boolean }} DayLook */
/** @typedef {(day: string) => DayLook | null} LookAt null: not loaded yet */

/** Returns the function that says how a day looks. @returns {LookAt} */
export function makeLook(/** @type {CalendarDay[]} */ days, /** @type {CalendarChanged | null} */ result) {
  const stored = new Map(days.map((day) => [day.date, day]));
  const offered = new Set(result?.venue.dates_available);
  // Of several prices of a day, the first counts.
  const prices = new Map([...(result?.venue.pricing.overrides ?? [])].reverse().map(({ date, price }) => [date, price]));
  const changed = new Set(result && listChanged(result));
  return (date) => {
    const day = stored.get(date);
    if (!day) return null;
    const booking = day.bookings[0] ?? null;
    const isOffered = result ? offered.has(date) : day.offered;
    const state = booking ? (booking.status === "confirmed" ? "booked" : "requested") : date < today() ? "past" : isOffered ? "free" : "closed";
    const price = booking ? booking.price_locked : !isOffered ? null : result ? prices.get(date) ?? null : day.price;
    return { state, price, booking, isChanged: changed.has(date) };
  };
}

/** Returns the days that differ after the changes, each once. */
export function listChanged(/** @type {CalendarChanged} */ { added, removed, repriced }) {
  return [...new Set([...added, ...removed, ...repriced.map(({ date }) => date)])];
}
