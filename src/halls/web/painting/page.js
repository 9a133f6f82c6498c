// The calendar of a venue for its owner: offers days, closes them, and sets their prices.
import { h, html, useEffect, useRef, useState } from "../vendor/ui.js";
import { read, readVersion } from "../api.js";
import { go, query, withQuery } from "../router.js";
import { words } from "../words.js";
import { isDay, monthOf, today } from "../days.js";
import { OwnerPage, Waiting } from "../owner/frame.js";
import { ErrorPanel } from "../parts/error-panel.js";
import { useFaultFocus } from "../parts/field.js";
import { useReading } from "../parts/reading.js";
import { BookingNote } from "./booking-note.js";
import { BrushFields } from "./brush.js";
import { makeChange, missingField } from "./changes.js";
import { listChanged, makeLook } from "./days.js";
import { useDraft } from "./draft.js";
import { EveryForm } from "./every.js";
import { Month } from "./month.js";
import { SaveBar, Summary } from "./summary.js";
import { paintingWords } from "./words.js";
/** @import { CalendarChanged, CalendarDay, Venue } from "../types.js" */
/** @import { Reading } from "../parts/reading.js" */
/** @import { Brush, Days } from "./changes.js" */
/** @typedef {{ venue: Venue, version: string }} Versioned */
/** @typedef {{ reading: Reading<Versioned>, data: Versioned }} Props */

export const styles = ["owner", "painting", "parts"];
const ROUND_TO = "1000";

export default function PaintingPage(/** @type {{ parts: Record<string, string> }} */ { parts }) {
  const w = paintingWords.value;
  const id = parts.id ?? "";
  const reading = useReading((signal) => readVenue(id, signal), [id]);
  const { data, error } = reading;
  const content = data ? h(Painter, { key: data.venue.id, reading, data }) : error?.status === 404 ? html`<p class="note">${w.gone}</p>` : Waiting({ reading });
  return h(OwnerPage, {
    title: w.title, tab: "venues", kind: "painting-page", children: content,
    back: { href: data ? `/owner/venues/${data.venue.id}` : "/owner/venues", label: data?.venue.venue_name ?? w.back },
  });
}

/** @returns {Promise<Versioned>} */
async function readVenue(/** @type {string} */ id, /** @type {AbortSignal} */ signal) {
  const { data, version } = await readVersion("/venues/{venue_id}", { parts: { venue_id: id }, signal });
  return { venue: data.venue, version };
}

/** @returns {Promise<CalendarDay[]>} */
async function readMonth(/** @type {string} */ id, /** @type {string} */ month, /** @type {AbortSignal} */ signal) {
  return (await read("/venues/{venue_id}/calendar", { parts: { venue_id: id }, query: { month }, signal })).days;
}

function Painter(/** @type {Props} */ { reading, data: { venue, version } }) {
  const w = paintingWords.value;
  const id = venue.id;
  const [current, setCurrent] = useState(firstDay);
  const month = monthOf(current);
  const days = useReading((signal) => readMonth(id, month, signal), [id, month]);
  const [brush, setBrush] = useState(/** @type {Brush} */ ({ action: "offer", price: "", percent: "", roundTo: ROUND_TO }));
  const [missing, setMissing] = useState(/** @type {Record<string, string>} */ ({}));
  const [isStale, setStale] = useState(false);
  const [saved, setSaved] = useState(0);
  const panel = useRef(null);
  useFaultFocus(panel, missing);
  useEffect(() => { if (query.value.get("month") !== month) go(withQuery({ month }), { replace: true, keepScroll: true }); }, [month]);
  const onStale = () => {
    setStale(true);
    reading.reload();
    days.reload();
  };
  const onSaved = async (/** @type {CalendarChanged} */ result) => {
    setStale(false);
    setSaved(listChanged(result).length);
    const { signal } = new AbortController();
    // Without a response, the saved changes stay in the draft, and the next attempt finds another version.
    const [fresh, freshDays] = await Promise.all([readVenue(id, signal), readMonth(id, month, signal)]);
    reading.replace(fresh);
    days.replace(freshDays);
  };
  const draft = useDraft({ venueId: id, version, onSaved, onStale });
  const lookAt = makeLook(days.data ?? [], draft.result);
  const booking = lookAt(current)?.booking;
  const apply = (/** @type {Days} */ where) => {
    const field = missingField(brush);
    setMissing(field ? { [field]: words.value.faults.required } : {});
    setSaved(0);
    setStale(false);
    if (!field) draft.add(makeChange(brush, where));
  };
  const faults = { ...draft.faults, ...missing };
  return html`
    <div class="painting">
      <div class="tool stack" ref=${panel}>
        ${venue.dates_available.length === 0 && draft.changes.length === 0 && html`<p class="note">${w.first}</p>`}
        ${BrushFields({ brush, faults, onChange: (next) => { setBrush(next); setMissing({}); } })}
      </div>
      <div class="sheet">
        ${h(Month, { current, lookAt, isBusy: lookAt(current) === null && !days.error, onMove: setCurrent, onPaint: (dates) => apply({ dates }) })}
        ${days.error && h(ErrorPanel, { error: days.error, onRetry: days.reload })}
        ${booking && BookingNote({ day: current, booking })}
      </div>
      ${h(EveryForm, { action: brush.action, faults: draft.faults, onApply: apply })}
      <div class="outcome stack">
        ${isStale && draft.changes.length > 0 && html`<p class="bad" role="alert">${w.stale}</p>`}
        <div role="status">${saved > 0 && draft.changes.length === 0 && html`<p class="good">${w.saved(saved)}</p>`}</div>
        ${Summary({ draft, onShow: setCurrent })}
      </div>
    </div>
    ${SaveBar({ draft })}`;
}

/** Returns the day with the tab stop at first: today, or the first of the month in the address. */
function firstDay() {
  const month = query.value.get("month") ?? "";
  return isDay(`${month}-01`) && month !== monthOf(today()) ? `${month}-01` : today();
}
