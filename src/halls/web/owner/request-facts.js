// The state of a booking and its facts, for the owner of its venue.
import { html } from "../vendor/ui.js";
import { words } from "../words.js";
import { longDay, longMoment, monthOf } from "../days.js";
import { rupees } from "../money.js";
import { Icon } from "../icon.js";
import { stateClass, venueName } from "../bookings/state.js";
import { GuestContact } from "./request-card.js";
import { guestName, guestsText, holdText, isWaiting, ownerStateText, reasonOf } from "./state.js";
import { ownerWords } from "./words.js";
/** @import { Booking } from "../types.js" */

/** Returns the state, and what it means. `notice` is the result of what the person just did. */
export function RequestState(/** @type {{ booking: Booking, notice: string }} */ { booking, notice }) {
  const reason = reasonOf(booking);
  return html`
    <div id="notice" class="state-note" role="status" tabindex="-1">
      ${notice && html`<p class="good">${notice}</p>`}
      <p class=${stateClass(booking)}>${ownerStateText(booking)}</p>
      <p>${meaningOf(booking)}</p>
      ${isWaiting(booking) && html`<p class="held">${Icon("clock")}${holdText(booking)}</p>`}
      ${reason && html`<p>${ownerWords.value.request.reasonLabel} <q><bdi>${reason}</bdi></q></p>`}
    </div>`;
}

function meaningOf(/** @type {Booking} */ booking) {
  const w = ownerWords.value.request;
  if (isWaiting(booking)) return w.pendingText;
  if (booking.status !== "confirmed") return "";
  return booking.is_walk_in ? w.walkInText : w.confirmedText;
}

export function RequestFacts(/** @type {Booking} */ booking) {
  const w = ownerWords.value.request;
  const { venue, venue_id, date, price_locked, notes, id, created_at, is_walk_in } = booking;
  return html`
    <article class="booking-card">
      <div class="text">
        <dl>
          ${Fact(w.day, html`<b class="day">${date ? longDay(date) : words.value.bookings.unknownDay}</b>`)}
          ${Fact(w.venue, html`<bdi>${venueName(booking)}</bdi>`)}
          ${guestsText(booking) && Fact(w.guests, guestsText(booking))}
          ${Fact(w.price, price_locked === null ? ownerWords.value.requests.noPrice : html`<b>${rupees(price_locked)}</b>`)}
          ${notes && Fact(w.notes, html`<span class="notes" dir="auto">${notes}</span>`)}
          ${created_at && Fact(is_walk_in ? w.recorded : w.requested, longMoment(created_at))}
          ${Fact(w.number, html`<code>${id}</code>`)}
        </dl>
        <div class="contact">
          <h2>${w.contact}</h2>
          <p><bdi>${guestName(booking)}</bdi></p>
          ${GuestContact(booking)}
        </div>
        ${venue && date && venue_id && html`<p><a href=${`/owner/venues/${venue_id}/calendar?month=${monthOf(date)}`}>${w.calendar}</a></p>`}
      </div>
    </article>`;
}

const Fact = (/** @type {string} */ name, /** @type {unknown} */ value) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
