// The history of a booking, latest first.
import { html } from "../vendor/ui.js";
import { words } from "../words.js";
import { longMoment } from "../days.js";
import { rupees } from "../money.js";
/** @import { HistoryEntry } from "../types.js" */
/** @typedef {"guests" | "notes" | "hold_until" | "price_locked"} Field */

const SHOWN = /** @type {const} */ (["guests", "notes", "hold_until", "price_locked"]);

export const History = (/** @type {HistoryEntry[]} */ history) => html`
  <section class="history" aria-labelledby="history">
    <h2 id="history">${words.value.booking.history}</h2>
    <ol>${[...history].reverse().map(Entry)}</ol>
  </section>`;

function Entry(/** @type {HistoryEntry} */ { at, type, by, changes }) {
  const w = words.value.booking;
  return html`
    <li>
      <p><b>${w.events[type]}</b> <span class="muted">· ${w.by[by]}</span></p>
      ${SHOWN.map((field) => changes[field] && html`<p><bdi>${w.fromTo(w.fields[field], valueText(field, changes[field].from), valueText(field, changes[field].to))}</bdi></p>`)}
      <p class="muted small">${at ? longMoment(at) : w.noMoment}</p>
    </li>`;
}

function valueText(/** @type {Field} */ field, /** @type {string | number | null} */ value) {
  const w = words.value.booking;
  if (value === null) return field === "hold_until" ? w.never : w.nothing;
  if (typeof value === "number") return field === "price_locked" ? rupees(value) : value.toLocaleString("en-PK");
  return field === "hold_until" ? longMoment(value) : `“${value}”`;
}
