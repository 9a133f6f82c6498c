// A waiting request or a booking in the owner's lists: who, when, how many, for how much, and the answer.
import { h, html } from "../vendor/ui.js";
import { words } from "../words.js";
import { longDay } from "../days.js";
import { rupees } from "../money.js";
import { Icon } from "../icon.js";
import { ContactLinks } from "../bookings/contact.js";
import { stateClass, venueName } from "../bookings/state.js";
import { Answer } from "./answer.js";
import { guestName, guestsText, holdText, isWaiting, ownerStateText, reasonOf } from "./state.js";
import { ownerWords } from "./words.js";
/** @import { Booking } from "../types.js" */

/** `onDone` gets the sentence about an answer. */
export function RequestCard(/** @type {{ booking: Booking, onDone: (text: string) => void }} */ { booking, onDone }) {
  const w = ownerWords.value.requests;
  const address = `/owner/requests/${booking.id}`;
  const reason = reasonOf(booking);
  return html`
    <li class="request" data-id=${booking.id}>
      <p class=${stateClass(booking)}>${ownerStateText(booking)}</p>
      <h3><a href=${address}><bdi>${guestName(booking)}</bdi></a></h3>
      <p><b>${booking.date ? longDay(booking.date) : words.value.bookings.unknownDay}</b></p>
      <p class="muted"><bdi>${venueName(booking)}</bdi>${booking.is_walk_in && html` · ${w.walkIn}`}</p>
      <p>${guestsText(booking)}${booking.guests !== null && " · "}<b>${booking.price_locked === null ? w.noPrice : rupees(booking.price_locked)}</b>${booking.price_locked !== null && html` <span class="muted small">${w.fixed}</span>`}</p>
      ${isWaiting(booking) && html`<p class="held">${Icon("clock")}${holdText(booking)}</p>`}
      ${booking.notes && html`<p class="quote"><q><bdi>${booking.notes}</bdi></q></p>`}
      ${reason && html`<p class="muted">${ownerWords.value.request.reasonLabel} <q><bdi>${reason}</bdi></q></p>`}
      ${booking.contact && GuestContact(booking, true)}
      ${isWaiting(booking) && h(Answer, { booking, onDone })}
    </li>`;
}

/** The number of the guest, and the links that call or write to it. In a list, the e-mail address counts only without a number. */
export function GuestContact(/** @type {Booking} */ { contact, guest }, isListed = false) {
  const w = ownerWords.value.requests;
  const number = contact?.contact_number ?? guest?.contact_number;
  return html`
    <p class="row contact-links">
      ${number ? html`<bdi dir="ltr">${number}</bdi>` : html`<span class="muted">${w.noNumber}</span>`}
      ${ContactLinks(contact)}
      ${guest?.email && !(isListed && number) && html`<a class="outline" href=${`mailto:${guest.email}`}>${Icon("mail")}${w.email}</a>`}
    </p>`;
}
