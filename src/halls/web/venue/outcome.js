// What became of a request, and the ways on: other days and venues after a conflict, another try after a failure.
import { h, html, useEffect, useRef, useState } from "../vendor/ui.js";
import { ApiError, create } from "../api.js";
import { words } from "../words.js";
import { longDay, longMoment, shortDay } from "../days.js";
import { rupees, shortRupees } from "../money.js";
import { Icon } from "../icon.js";
import { ErrorPanel } from "../parts/error-panel.js";
import { errorText, suspendedText } from "../parts/error-text.js";
import { localityOf, venueLink } from "../parts/venue-link.js";
/** @import { Booking } from "../types.js" */
/** @import { State } from "./booking.js" */
/** @typedef {{ state: State, day: string | null, guests: number, onChoose: (day: string) => void, onRetry: () => void }} Props */

const FIELD_ERRORS = ["validation_error", "over_capacity"];
const UNSURE = [502, 503, 504];

export function Outcome(/** @type {Props} */ props) {
  const { state, onRetry } = props;
  if (state.step === "taken") return Taken({ ...props, state });
  if (state.step === "limit") return h(Limit, { isVerified: state.isVerified });
  if (state.step !== "failed" || FIELD_ERRORS.includes(state.error.code)) return null;
  const { error } = state;
  if (error.code === "rate_limited") return h(ErrorPanel, { error, onRetry });
  // The request may have arrived. The same key then returns the same booking.
  if (UNSURE.includes(error.status) || error.code === "no_connection" || error.code === "bad_response") return Unsure({ error, onRetry });
  return error.status >= 500 ? h(ErrorPanel, { error, onRetry }) : html`<div class="bad"><p>${sentenceOf(error)}</p></div>`;
}

function sentenceOf(/** @type {ApiError} */ error) {
  const w = words.value.venue;
  if (error.status === 404) return w.gone;
  if (error.code === "date_in_past") return words.value.faults.in_past;
  if (error.code === "suspended") return suspendedText(error);
  return error.status === 403 ? w.blocked : errorText(error);
}

function Unsure(/** @type {{ error: ApiError, onRetry: () => void }} */ { error, onRetry }) {
  const w = words.value;
  return html`
    <div class="bad">
      <p>${error.code === "no_connection" ? `${w.errors.offline} ${w.venue.unsure}` : w.venue.unsure}</p>
      <p class="row"><button type="button" class="outline" onClick=${onRetry}>${Icon("rotate-cw")}${w.common.again}</button></p>
    </div>`;
}

/** The day is gone: the guest's own booking of it, or the nearest free days and other venues. */
function Taken(/** @type {Props & { state: State & { step: "taken" } }} */ { state, day, guests, onChoose }) {
  const w = words.value.venue;
  const { days, venues, own } = state.alternatives;
  if (own) return html`<div class="bad"><b>${w.yours}</b><p class="row"><a class="outline" href=${`/my/bookings/${own}`}>${w.toBooking}</a></p></div>`;
  return html`
    <div class="bad stack">
      <div>
        <b>${state.error.code === "date_taken" ? w.justTaken : w.notOffered}</b>
        ${days.length > 0 && html`
          <p>${w.nearestDays}</p>
          <p class="row">${days.map(({ date }) => html`<button type="button" class="outline" key=${date} onClick=${() => onChoose(date)}>${shortDay(date)}</button>`)}</p>`}
      </div>
      ${venues.length > 0 && html`
        <div>
          <p>${w.otherVenues}</p>
          <ul class="others">${venues.map((venue) => html`
            <li key=${venue.id}>
              <a href=${venueLink(venue.id, { date: day, guests })}><bdi>${venue.venue_name}</bdi></a>
              <small><bdi>${localityOf(venue.address)}</bdi>${venue.price !== null && html` · <bdi>${shortRupees(venue.price)}</bdi>`}</small>
            </li>`)}
          </ul>
        </div>`}
    </div>`;
}

/** Too many requests wait for an answer. Without a confirmed e-mail address, confirming it helps. */
function Limit(/** @type {{ isVerified: boolean }} */ { isVerified }) {
  const w = words.value.venue;
  const [sent, setSent] = useState("");
  if (isVerified) return html`<div class="bad"><p>${w.limit}</p><p class="row"><a class="outline" href="/my/bookings">${words.value.frame.bookings}</a></p></div>`;
  const sendLink = async () => {
    try {
      await create("/auth/verify-email/send", {});
      setSent(w.linkSent);
    } catch (error) {
      if (error instanceof ApiError) setSent(errorText(error) ?? "");
    }
  };
  return html`<div class="bad"><p>${w.limitUnverified}</p>${sent ? html`<p>${sent}</p>` : html`<p class="row"><button type="button" class="outline" onClick=${sendLink}>${Icon("mail")}${w.sendLink}</button></p>`}</div>`;
}

/** The request has arrived: until when the venue holds the day. */
export function Done(/** @type {{ booking: Booking }} */ { booking }) {
  const w = words.value;
  const title = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => title.current?.focus(), []);
  return html`
    <div class="good stack" role="status">
      <h2 tabindex="-1" ref=${title}>${Icon("circle-check")} ${w.venue.done}</h2>
      <p>${booking.hold_until ? w.venue.heldUntil(longMoment(booking.hold_until)) : w.venue.pending}</p>
    </div>
    ${booking.date && html`<p class="day">${longDay(booking.date)}</p>`}
    <p class="sum"><b>${booking.price_locked === null ? w.priceOnRequest : rupees(booking.price_locked)}</b><small>${w.venue.guestsCount(booking.guests ?? 0)}</small></p>
    <p class="row"><a class="primary" href=${`/my/bookings/${booking.id}`}>${w.venue.toBooking}</a></p>
    <p class="muted small">${w.venue.payVenue}</p>`;
}
