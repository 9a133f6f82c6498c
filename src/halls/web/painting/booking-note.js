// The request or the booking of the chosen day.
import { html } from "../vendor/ui.js";
import { longDay } from "../days.js";
import { rupees } from "../money.js";
import { paintingWords } from "./words.js";
/** @import { Booking } from "../types.js" */

export function BookingNote(/** @type {{ day: string, booking: Booking }} */ { day, booking }) {
  const w = paintingWords.value;
  return html`
    <section class="day-note" aria-label=${w.chosen}>
      <p class=${booking.status === "confirmed" ? "state confirmed" : "state pending"}>${booking.status === "confirmed" ? w.confirmed : w.pending}${booking.is_walk_in && ` · ${w.walkIn}`}</p>
      <p><b>${longDay(day)}</b></p>
      <p><bdi>${booking.guest?.full_name ?? w.noName}</bdi>${booking.guests !== null && ` · ${w.guests(booking.guests)}`}${booking.price_locked !== null && ` · ${rupees(booking.price_locked)}`}</p>
      <p class="row"><a class="outline" href=${`/owner/requests/${booking.id}`}>${w.showBooking}</a></p>
    </section>`;
}
