// The form for a booking made by telephone: venue and day, then name, guests and telephone.
import { h, html, useRef, useState } from "../vendor/ui.js";
import { create, read } from "../api.js";
import { isDay, today } from "../days.js";
import { dropWishKey, wishKey } from "../wish-key.js";
import { NoteArea } from "../bookings/change-form.js";
import { Field, TextField, useFaultFocus } from "../parts/field.js";
import { useReading } from "../parts/reading.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { useUnsavedWarning } from "../parts/unsaved.js";
import { WalkInDay, priceHint } from "./walk-in-day.js";
import { ownerWords } from "./words.js";
/** @import { ApiError } from "../api.js" */
/** @import { Booking, CalendarDay, Venue, WalkInOrder } from "../types.js" */
/** @typedef {{ venues: Venue[], venueId: string | null, date: string | null, onDone: (booking: Booking) => void }} Props `venueId` and `date` are the first choice. */

const MAX_NOTE = 2000;
const EMPTY = { full_name: "", guests: "", contact_number: "", price: "", notes: "" };
// The error of a field stands beside the field, and that of a day below the day.
const BESIDE = { over_capacity: null, validation_error: null, date_taken: null, date_not_offered: null, date_in_past: null };

export function WalkInForm(/** @type {Props} */ { venues, venueId: firstVenue, date: firstDate, onDone }) {
  const w = ownerWords.value.walkIn;
  const [venueId, setVenueId] = useState(venues.find(({ id }) => id === firstVenue)?.id ?? venues[0]?.id ?? "");
  const [date, setDate] = useState(isDay(firstDate) ? firstDate ?? "" : "");
  const [values, setValues] = useState(EMPTY);
  const sending = useSending();
  const form = useRef(null);
  const reading = useReading((signal) => readDay(venueId, date, signal), [venueId, date]);
  // While another day is read, what is known belongs to the day before it.
  const day = reading.data?.date === date ? reading.data : null;
  useFaultFocus(form, sending.error);
  useUnsavedWarning(Object.values(values).some(Boolean));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const order = makeOrder(date, values, day);
    const wish = { walkIn: venueId, ...order };
    sending.send(async () => {
      try {
        const { booking } = await create("/venues/{venue_id}/walk-ins", order, { parts: { venue_id: venueId }, key: wishKey(wish) });
        dropWishKey(wish);
        onDone(booking);
      } catch (error) {
        reading.reload(); // The day may have been taken or closed in the meantime.
        throw error;
      }
    });
  };
  const bind = (/** @type {keyof typeof EMPTY} */ name, api = /** @type {string} */ (name)) => ({
    name, value: values[name], onInput: (/** @type {string} */ text) => setValues((old) => ({ ...old, [name]: text })), fault: sending.faults[api],
  });
  const guestsFault = sending.error?.code === "over_capacity" ? w.overCapacity : sending.faults.guests;
  const isHidden = day !== null && !day.offered;
  return html`
    <form ref=${form} class="form walk-in" novalidate onSubmit=${submit}>
      ${venues.length > 1 && h(Field, { name: "venue", label: w.venue, control: ({ id }) => html`
        <select id=${id} value=${venueId} onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ event) => setVenueId(event.currentTarget.value)}>
          ${venues.map((venue) => html`<option key=${venue.id} value=${venue.id} selected=${venue.id === venueId}>${venue.venue_name}</option>`)}
        </select>` })}
      ${venues.length === 1 && html`<p><b><bdi>${venues[0]?.venue_name}</bdi></b></p>`}
      ${h(Field, { name: "date", label: w.date, fault: dateFault(sending.error, sending.faults), control: ({ id, invalid, describedBy }) => html`
        <input id=${id} type="date" required=${true} value=${date} min=${today()} aria-invalid=${invalid || undefined} aria-describedby=${describedBy}
          onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => setDate(event.currentTarget.value)} />` })}
      ${WalkInDay({ day, date })}
      ${TextField({ ...bind("full_name", "guest.full_name"), label: w.name, autocomplete: "off", required: true })}
      ${TextField({ ...bind("guests"), fault: guestsFault, label: w.guests, type: "number", inputmode: "numeric", min: 1, required: true })}
      ${TextField({ ...bind("contact_number", "guest.contact_number"), label: w.phone, type: "tel", autocomplete: "off", isOptional: true, hint: w.phoneHint })}
      <details open=${Boolean(sending.faults.price || sending.faults.notes)}>
        <summary>${w.details}</summary>
        <div class="stack">
          ${TextField({ ...bind("price"), label: w.price, type: "number", inputmode: "numeric", min: 0, isOptional: true, hint: priceHint(day) })}
          ${h(Field, { name: "notes", label: w.notes, isOptional: true, fault: sending.faults.notes, control: (props) => NoteArea({ props, value: values.notes, onInput: bind("notes").onInput, maxlength: MAX_NOTE }) })}
        </div>
      </details>
      <button type="submit" class="primary" aria-disabled=${sending.isBusy}>${isHidden ? w.offer : w.submit}</button>
    </form>
    ${SendingNote({ sending, texts: { ...BESIDE, no_connection: w.unsure, ...(sending.faults.offer && { validation_error: w.tooManyDays }) } })}`;
}

/** Reads what the calendar knows of a day. Null without a day. @returns {Promise<CalendarDay | null>} */
async function readDay(/** @type {string} */ venueId, /** @type {string} */ date, /** @type {AbortSignal} */ signal) {
  if (!isDay(date) || date < today()) return null;
  const { days } = await read("/venues/{venue_id}/calendar", { parts: { venue_id: venueId }, query: { from: date, to: date }, signal });
  return days[0] ?? null;
}

/** Returns the body of the request. What is not given is left out; without a number, the API says what is wrong. @returns {WalkInOrder} */
function makeOrder(/** @type {string} */ date, /** @type {typeof EMPTY} */ values, /** @type {CalendarDay | null} */ day) {
  const [contact_number, notes, price] = [values.contact_number.trim(), values.notes.trim(), values.price.trim()];
  return {
    date, guests: values.guests.trim() ? Number(values.guests) : /** @type {any} */ (null),
    guest: { full_name: values.full_name.trim(), ...(contact_number && { contact_number }) },
    ...(price && { price: Number(price) }), ...(notes && { notes }), offer: day !== null && !day.offered,
  };
}

function dateFault(/** @type {ApiError | null} */ error, /** @type {Record<string, string>} */ faults) {
  const w = ownerWords.value.walkIn;
  if (error?.code === "date_in_past") return w.pastDay;
  return faults.date && w.chooseDay;
}
