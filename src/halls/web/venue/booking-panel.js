// The panel that books a day: price, guests, notes, log-in, and one button.
import { h, html, useEffect, useRef, useState } from "../vendor/ui.js";
import { go, withQuery } from "../router.js";
import { session } from "../session.js";
import { hasWishKey } from "../wish-key.js";
import { words } from "../words.js";
import { longDay } from "../days.js";
import { rupees, rupeesPerGuest, shortRupees } from "../money.js";
import { Icon } from "../icon.js";
import { faultsByField } from "../parts/error-text.js";
import { Field, useFaultFocus } from "../parts/field.js";
import { useBooking } from "./booking.js";
import { keepNotes, readNotes } from "./notes.js";
import { isLoaded, lowestPrice, offerOf } from "./offers.js";
import { Done, Outcome } from "./outcome.js";
import { SignIn } from "./sign-in.js";
/** @import { Chosen } from "./page.js" */
/** @import { State } from "./booking.js" */
/** @typedef {{ currentTarget: HTMLInputElement }} InputEvent */
/** @typedef {{ currentTarget: HTMLTextAreaElement }} TextEvent */

const STEP = 50;
const MAX_NOTES = 1000;

export function BookingPanel(/** @type {Chosen} */ { venue, day, guests, onChoose }) {
  const w = words.value.venue;
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [notes, setNotes] = useState(() => readNotes(venue.id));
  const order = day ? { venue_id: venue.id, date: day, guests, ...(notes.trim() && { notes: notes.trim() }) } : null;
  const { state, send } = useBooking(order);
  const faults = faultsOf(state, venue.capacity);
  useFaultFocus(form, state);
  useEffect(() => keepNotes(venue.id, notes), [notes]);
  if (!venue.is_listed) return html`<aside class="panel" id="book" aria-label=${w.request}><p class="choose">${w.paused}</p><p class="muted small">${w.pausedHelp}</p></aside>`;
  if (state.step === "done") return html`<aside class="panel" id="book" aria-label=${w.request}>${h(Done, { booking: state.booking })}</aside>`;
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (state.step !== "sending") send();
  };
  // After a lost response the day may be taken by this very request: sending it again finds that out.
  const canSend = order !== null && (offerOf(order.date)?.available !== false || hasWishKey(order));
  return html`
    <aside class="panel" id="book" aria-label=${w.request}>
      <form class="stack" ref=${form} novalidate onSubmit=${submit}>
        ${Sum({ day, guests })}
        ${Guests({ venue, guests, fault: faults.guests })}
        ${Field({
          name: "notes", label: w.notes, isOptional: true, fault: faults.notes,
          control: ({ id, invalid, describedBy }) => html`
            <textarea id=${id} rows="2" maxlength=${MAX_NOTES} dir="auto" aria-invalid=${invalid || undefined} aria-describedby=${describedBy} value=${notes}
              onInput=${(/** @type {TextEvent} */ event) => setNotes(event.currentTarget.value)}></textarea>`,
        })}
        ${(state.step !== "login" || session.value) && html`<button type="submit" class="primary" disabled=${!canSend || state.step === "sending"}>${state.step === "sending" ? w.sending : day ? w.request : w.chooseDay}</button>`}
      </form>
      ${state.step === "login" && !session.value && h(SignIn, { onDone: send })}
      <div role="alert">${h(Outcome, { state, day, guests, onChoose, onRetry: send })}</div>
      <p class="muted small fixed">${Icon("lock")}<span>${w.fixedPrice}</span></p>
      <p class="muted small">${w.payVenue}</p>
    </aside>`;
}

/** Returns what is wrong with the fields. */
function faultsOf(/** @type {State} */ state, /** @type {number | null} */ capacity) {
  if (state.step !== "failed") return {};
  if (state.error.code === "over_capacity") return { guests: words.value.venue.holds(capacity ?? 0) };
  return faultsByField(state.error);
}

function Sum(/** @type {{ day: string | null, guests: number }} */ { day, guests }) {
  const w = words.value;
  if (!day) {
    const lowest = lowestPrice();
    return html`<p class="choose">${lowest !== null ? w.from(shortRupees(lowest)) : isLoaded() ? w.priceOnRequest : " "}</p>`;
  }
  const offer = offerOf(day);
  const price = offer?.price ?? null;
  return html`
    <p class="day">${longDay(day)}</p>
    <p class="sum">
      <b>${price !== null ? rupees(price) : offer?.available ? w.priceOnRequest : " "}</b>
      <small>${offer?.available === false ? w.venue.notFree : price !== null ? `${w.venue.forTheDay} · ${w.aGuest(rupeesPerGuest(price, guests))}` : " "}</small>
    </p>`;
}

function Guests(/** @type {{ venue: Chosen["venue"], guests: number, fault: string | undefined }} */ { venue, guests, fault }) {
  const w = words.value.venue;
  const set = (/** @type {number} */ count) => go(withQuery({ guests: String(Math.max(1, Math.floor(count) || 1)) }), { replace: true, keepScroll: true });
  const step = (/** @type {number} */ by) => set(Math.min(guests + by, Math.max(venue.capacity ?? Infinity, 1)));
  const notes = [venue.capacity !== null && "holds", fault && "guests-fault"].filter(Boolean).join(" ");
  return html`
    <div class="field">
      <div class="heads">
        <label for="guests">${words.value.search.guests}</label>
        <span class="stepper">
          <button type="button" class="round" aria-label=${w.fewer} onClick=${() => step(-STEP)}>${Icon("minus")}</button>
          <input id="guests" name="guests" type="number" inputmode="numeric" min="1" value=${guests} aria-invalid=${fault ? true : undefined} aria-describedby=${notes || undefined}
            onChange=${(/** @type {InputEvent} */ event) => set(Number(event.currentTarget.value))} />
          <button type="button" class="round" aria-label=${w.more} onClick=${() => step(STEP)}>${Icon("plus")}</button>
        </span>
      </div>
      ${venue.capacity !== null && !fault && html`<p id="holds" class="muted small">${w.holds(venue.capacity)}</p>`}
      ${fault && html`<p id="guests-fault" class="fault">${fault}</p>`}
    </div>`;
}
