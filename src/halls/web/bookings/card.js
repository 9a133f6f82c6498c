// The booking as a card, which prints as A5, and the sentence about its state.
import { html } from "../vendor/ui.js";
import { findRoute } from "../router.js";
import { words } from "../words.js";
import { longDay, longMoment } from "../days.js";
import { rupees } from "../money.js";
import { ContactLinks } from "./contact.js";
import { isOpen, pictureOf, stateClass, stateText, venueName } from "./state.js";
/** @import { Booking } from "../types.js" */

/** Returns the state, and what it means. `notice` is the result of what the person just did. */
export function StateNote(/** @type {{ booking: Booking, notice: string }} */ { booking, notice }) {
  const w = words.value.booking;
  const reason = booking.cancellation?.reason;
  return html`
    <div id="state" class="state-note" role="status" tabindex="-1">
      ${notice && html`<p class="good">${notice}</p>`}
      <p class=${stateClass(booking)}>${stateText(booking)}</p>
      ${isOpen(booking) && html`<p>${meaningOf(booking)}</p>`}
      ${reason && html`<p>${w.reason} <q><bdi>${reason}</bdi></q></p>`}
    </div>`;
}

function meaningOf(/** @type {Booking} */ { status, hold_until }) {
  const w = words.value.booking;
  if (status === "confirmed") return w.confirmedText;
  return hold_until ? w.heldText(longMoment(hold_until)) : w.pendingText;
}

export function BookingCard(/** @type {Booking} */ booking) {
  const w = words.value;
  const { venue, date, guests, price_locked, notes, id, created_at } = booking;
  const kind = venue?.type ? w.kinds[venue.type] : w.venueKind;
  return html`
    <article class="booking-card">
      <p class="print-only brand"><i aria-hidden="true"></i><span>${w.brand}</span></p>
      <div class="window"><img src=${pictureOf(booking)} alt="" width="480" height="360" referrerpolicy="no-referrer" /></div>
      <div class="text">
        <p class="kind">${kind}</p>
        <h1 tabindex="-1"><bdi>${venueName(booking)}</bdi></h1>
        ${venue?.address && html`<p class="muted"><bdi>${venue.address}</bdi></p>`}
        <dl>
          ${Fact(w.booking.day, html`<b class="day">${date ? longDay(date) : w.bookings.unknownDay}</b>`)}
          <div class="print-only"><dt>${w.booking.state}</dt><dd>${stateText(booking)}</dd></div>
          ${guests !== null && Fact(w.booking.guests, guests.toLocaleString("en-PK"))}
          ${Fact(w.booking.price, price_locked === null ? w.bookings.noPrice : html`<b>${rupees(price_locked)}</b> <span class="muted small">${w.booking.priceFixed}</span>`)}
          ${notes && Fact(w.booking.notes, html`<span class="notes" dir="auto">${notes}</span>`)}
          ${created_at && Fact(w.booking.requested, longMoment(created_at))}
          ${Fact(w.booking.number, html`<code>${id}</code>`)}
        </dl>
        ${isOpen(booking) && Contact(booking)}
        ${venue && findRoute(`/hall/${venue.id}`) && html`<p class="no-print"><a href=${`/hall/${venue.id}`}>${w.booking.venue}</a></p>`}
      </div>
    </article>`;
}

const Fact = (/** @type {string} */ name, /** @type {unknown} */ value) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;

function Contact(/** @type {Booking} */ { contact }) {
  const w = words.value.booking;
  return html`
    <div class="contact">
      <h2>${w.contact}</h2>
      ${contact?.full_name && html`<p><bdi>${contact.full_name}</bdi></p>`}
      ${contact?.contact_number ? html`<p><bdi dir="ltr">${contact.contact_number}</bdi></p>` : html`<p class="muted">${w.noContact}</p>`}
      <p class="row">${ContactLinks(contact)}</p>
    </div>`;
}
