// What the calendar of a venue says about the day of a booking by telephone.
import { html } from "../vendor/ui.js";
import { words } from "../words.js";
import { isDay, longDay, today } from "../days.js";
import { rupees } from "../money.js";
import { guestName } from "./state.js";
import { ownerWords } from "./words.js";
/** @import { CalendarDay } from "../types.js" */

/** `day` is null until it is known. */
export function WalkInDay(/** @type {{ day: CalendarDay | null, date: string }} */ { day, date }) {
  return html`<div role="status" class="walk-in-day">${isDay(date) && html`<p><b>${longDay(date)}</b></p>`}${DayNote(day, date)}</div>`;
}

function DayNote(/** @type {CalendarDay | null} */ day, /** @type {string} */ date) {
  const w = ownerWords.value.walkIn;
  if (isDay(date) && date < today()) return html`<p class="bad">${w.pastDay}</p>`;
  if (!day) return null;
  const taken = day.bookings[0];
  if (taken) return html`<p class="bad">${w.dayTaken} <bdi>${guestName(taken)}</bdi>${words.value.common.comma}<a href=${`/owner/requests/${taken.id}`}>${w.seeBooking}</a></p>`;
  if (!day.offered) return html`<p class="amber">${w.dayClosed}</p>`;
  return html`<p class="good">${w.dayFree(day.price === null ? ownerWords.value.requests.noPrice : rupees(day.price))}</p>`;
}

/** Returns the hint of the field for the price. */
export function priceHint(/** @type {CalendarDay | null} */ day) {
  const w = ownerWords.value.walkIn;
  return day?.price == null ? w.noPriceHint : w.priceHint(rupees(day.price));
}
