// One booking as the owner of its venue sees it: its state, the guest, its history, and what can be done.
import { h, html } from "../vendor/ui.js";
import { read } from "../api.js";
import { words } from "../words.js";
import { History } from "../bookings/history.js";
import { useReading } from "../parts/reading.js";
import { useFresh } from "./bookings.js";
import { OwnerPage, Waiting } from "./frame.js";
import { useNotice } from "./notice.js";
import { RequestActions } from "./request-actions.js";
import { RequestFacts, RequestState } from "./request-facts.js";
import { guestName } from "./state.js";
import { ownerWords } from "./words.js";
/** @import { Booking, HistoryEntry } from "../types.js" */
/** @import { Reading } from "../parts/reading.js" */
/** @typedef {{ booking: Booking, history: HistoryEntry[], blocked: string[], ownId: string }} Loaded `blocked` are the ids of blocked guests. */

export const styles = ["bookings", "owner", "parts"];

/** @returns {Promise<Loaded>} */
async function readRequest(/** @type {string} */ id, /** @type {AbortSignal} */ signal) {
  const parts = { booking_id: id };
  const [{ booking }, { history }, { blocked }, { profile }] = await Promise.all([
    read("/bookings/{booking_id}", { parts, signal }), read("/bookings/{booking_id}/history", { parts, signal }),
    read("/auth/me/blocked", { signal }), read("/auth/me", { signal }),
  ]);
  return { booking, history, blocked: blocked.map(({ user_id }) => user_id), ownId: profile.id };
}

export default function RequestPage(/** @type {{ parts: Record<string, string> }} */ { parts: { id = "" } }) {
  const reading = useReading((signal) => readRequest(id, signal), [id]);
  const w = ownerWords.value.request;
  const title = reading.data ? w.title(guestName(reading.data.booking)) : ownerWords.value.requests.title;
  return h(OwnerPage, { title, tab: "requests", kind: "one-request", back: { href: "/owner/requests", label: w.back }, children: h(Request, { reading }) });
}

function Request(/** @type {{ reading: Reading<Loaded> }} */ { reading }) {
  const w = ownerWords.value.request;
  const { data, error, reload } = reading;
  const { notice, tell } = useNotice(reload, data);
  useFresh(reading);
  if (!data) {
    if (error?.code === "not_found" || error?.code === "bad_id") return html`<p class="note">${w.notFound}</p>`;
    if (error?.code === "not_yours") return html`<p class="note" role="alert">${words.value.errors.notYours}</p>`;
    return Waiting({ reading });
  }
  const { booking, history, blocked, ownId } = data;
  // Only the owner of the venue gets `guest`. This booking is the owner's own one, at another venue.
  if (!("guest" in booking)) return OwnBooking(booking);
  return html`
    <div class="column">
      ${RequestState({ booking, notice })}
      ${h(RequestActions, { booking, ownId, isBlocked: booking.user_id !== null && blocked.includes(booking.user_id), onDone: tell })}
      ${RequestFacts(booking)}
    </div>
    ${History(history)}`;
}

const OwnBooking = (/** @type {Booking} */ { id }) => html`
  <div class="note">
    <p>${ownerWords.value.request.ownBooking}</p>
    <p class="row"><a class="outline" href=${`/my/bookings/${id}`}>${ownerWords.value.request.toBooking}</a></p>
  </div>`;
