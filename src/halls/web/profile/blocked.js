// The guests whose requests an owner does not take. A button takes them again.
import { h, html, useEffect, useRef, useState } from "../vendor/ui.js";
import { read, remove } from "../api.js";
import { words } from "../words.js";
import { longMoment } from "../days.js";
import { ErrorPanel } from "../parts/error-panel.js";
import { useReading } from "../parts/reading.js";
import { SendingNote, useSending } from "../parts/sending.js";
/** @typedef {{ id: string, name: string | null, since: string }} BlockedGuest `name`: null if no recent booking has it */

const RECENT_BOOKINGS = 200;

/** The API lists ids: the names are in the owner's bookings. @returns {Promise<BlockedGuest[]>} */
async function readBlocked(/** @type {AbortSignal} */ signal) {
  const { blocked } = await read("/auth/me/blocked", { signal });
  if (blocked.length === 0) return [];
  const { bookings } = await read("/bookings", { query: { sort: "-created_at", limit: RECENT_BOOKINGS }, signal });
  const nameOf = (/** @type {string} */ id) => bookings.find(({ user_id }) => user_id === id)?.guest?.full_name ?? null;
  return blocked.map(({ user_id, since }) => ({ id: user_id, name: nameOf(user_id), since }));
}

export function Blocked() {
  const w = words.value.profile;
  const { data, error, reload } = useReading(readBlocked, []);
  const [unblocked, setUnblocked] = useState("");
  const result = useRef(/** @type {HTMLElement | null} */ (null));
  const sending = useSending();
  const unblock = (/** @type {BlockedGuest} */ { id, name }) => sending.send(async () => {
    await remove("/auth/me/blocked/{user_id}", { parts: { user_id: id } });
    setUnblocked(name ?? w.unnamed);
    reload();
  });
  // The button that had the focus goes.
  useEffect(() => { if (unblocked) result.current?.focus(); }, [unblocked]);
  return html`
    <p class="muted">${w.blockedText}</p>
    ${SendingNote({ sending })}
    ${error && h(ErrorPanel, { error, onRetry: reload })}
    ${data?.length === 0 && html`<p>${w.noneBlocked}</p>`}
    ${data && data.length > 0 && html`<ul class="blocked">${data.map(Guest)}</ul>`}
    <p ref=${result} role="status" tabindex="-1" class="saved">${unblocked && w.unblocked(unblocked)}</p>`;

  function Guest(/** @type {BlockedGuest} */ guest) {
    const name = guest.name ?? w.unnamed;
    return html`
      <li key=${guest.id}>
        <span><bdi>${name}</bdi> <span class="muted small">${w.blockedSince(longMoment(guest.since))}</span></span>
        <button type="button" class="outline" aria-disabled=${sending.isBusy} onClick=${() => unblock(guest)}>${w.unblock}<span class="sr"> <bdi>${name}</bdi></span></button>
      </li>`;
  }
}
