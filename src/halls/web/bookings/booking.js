// One booking of a guest: its state, the venue's contact, its history, and what can still be done.
import { h, html, useEffect, useRef, useState } from "../vendor/ui.js";
import { read } from "../api.js";
import { go, useTitleFocus } from "../router.js";
import { words } from "../words.js";
import { Icon } from "../icon.js";
import { ErrorPanel } from "../parts/error-panel.js";
import { LazyLogin } from "../parts/lazy-login.js";
import { logInAddress, useAccess, useReading } from "../parts/reading.js";
import { session } from "../session.js";
import { logOut } from "../session-keeper.js";
import { Actions } from "./actions.js";
import { BookingCard, StateNote } from "./card.js";
import { History } from "./history.js";
import { venueName } from "./state.js";
/** @import { ApiError } from "../api.js" */
/** @import { Booking, HistoryEntry } from "../types.js" */
/** @typedef {{ booking: Booking, history: HistoryEntry[] }} Loaded */

export const styles = ["bookings", "parts"];

/** @returns {Promise<Loaded>} */
async function readBooking(/** @type {string} */ id, /** @type {AbortSignal} */ signal) {
  const parts = { booking_id: id };
  const [{ booking }, { history }] = await Promise.all([
    read("/bookings/{booking_id}", { parts, signal }), read("/bookings/{booking_id}/history", { parts, signal }),
  ]);
  return { booking, history };
}

export default function BookingPage(/** @type {{ parts: Record<string, string> }} */ { parts: { id = "" } }) {
  const w = words.value.booking;
  const isAllowed = useAccess();
  const reading = useReading((signal) => readBooking(id, signal), [id]);
  const [notice, setNotice] = useState("");
  const hasChanged = useRef(false);
  const { data } = reading;
  const title = data ? w.title(venueName(data.booking)) : words.value.bookings.title;
  useEffect(() => { document.title = `${title} · ${words.value.brand}`; });
  useTitleFocus(data !== null || reading.error !== null);
  const onChanged = (/** @type {string} */ text) => {
    setNotice(text);
    hasChanged.current = true;
    reading.reload();
  };
  // The button that had the focus can be gone in the new state.
  useEffect(() => {
    if (hasChanged.current) document.getElementById("state")?.focus();
    hasChanged.current = false;
  }, [data]);
  return html`
    <main id="main" class="booking" aria-busy=${isAllowed && !data && !reading.error && session.value !== null}>
      <p class="back"><a class="quiet" href="/my/bookings">${Icon("chevron-left")}${w.back}</a></p>
      ${isAllowed && data && html`
        <div class="column">
          ${StateNote({ booking: data.booking, notice })}
          ${BookingCard(data.booking)}
          ${h(Actions, { booking: data.booking, onChanged })}
        </div>
        ${History(data.history)}`}
      ${isAllowed && !data && Missing({ error: reading.error, reload: reading.reload })}
    </main>`;
}

/** What stands in place of the booking. */
function Missing(/** @type {{ error: ApiError | null, reload: () => void }} */ { error, reload }) {
  const w = words.value.booking;
  const title = html`<h1 tabindex="-1">${words.value.bookings.title}</h1>`;
  if (!session.value) return html`${title}<div class="note">${h(LazyLogin, { submitLabel: words.value.login.submit })}</div>`;
  if (!error) return html`<h1 class="sr">${words.value.common.loading}</h1><div class="booking-card ghost" aria-hidden="true"><i></i></div>`;
  if (error.code === "not_yours") return html`${title}${OtherAccount()}`;
  if (error.code === "not_found" || error.code === "bad_id") return html`${title}<p class="note">${w.notFound}</p>`;
  return html`${title}${h(ErrorPanel, { error, onRetry: reload })}`;
}

function OtherAccount() {
  const leave = async () => {
    const address = logInAddress();
    await logOut();
    go(address);
  };
  return html`
    <div class="note">
      <p role="alert">${words.value.errors.notYours}</p>
      <p class="row"><button type="button" class="outline" onClick=${leave}>${Icon("user")}${words.value.booking.otherAccount}</button></p>
    </div>`;
}
