// The form that changes the guests and the note of a booking.
import { h, html, useRef, useState } from "../vendor/ui.js";
import { change } from "../api.js";
import { words } from "../words.js";
import { Field, TextField, useFaultFocus } from "../parts/field.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { hasChangedMeanwhile } from "./conflict.js";
/** @import { Booking } from "../types.js" */
/** @import { ControlProps } from "../parts/field.js" */

const MAX_NOTE = 2000;

/**
 * @typedef {object} Props
 * @property {Booking} booking
 * @property {(text: string) => void} onDone gets the sentence about the result
 * @property {string} [help] the sentence above the fields
 * @property {string} [notesLabel] the label of the note
 */

export function ChangeForm(/** @type {Props} */ { booking, onDone, help = words.value.booking.changeHelp, notesLabel = words.value.booking.notes }) {
  const w = words.value.booking;
  const [guests, setGuests] = useState(String(booking.guests ?? ""));
  const [notes, setNotes] = useState(booking.notes ?? "");
  const sending = useSending();
  const form = useRef(null);
  const isTooMany = sending.error?.code === "over_capacity";
  useFaultFocus(form, sending.error);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    sending.send(async () => {
      try {
        // Without a digit, the API says what is wrong with the number.
        const body = { guests: guests.trim() ? Number(guests) : /** @type {any} */ (null), notes: notes.trim() || null };
        await change("/bookings/{booking_id}", body, { parts: { booking_id: booking.id } });
        onDone(w.changed);
      } catch (error) {
        if (!hasChangedMeanwhile(error)) throw error;
        onDone(w.hasChanged);
      }
    });
  };
  return html`
    <form ref=${form} class="stack" novalidate onSubmit=${submit}>
      ${help && html`<p class="muted">${help}</p>`}
      ${h(TextField, { name: "guests", label: w.guests, type: "number", inputmode: "numeric", min: 1, value: guests, onInput: setGuests, fault: isTooMany ? w.overCapacity : sending.faults.guests })}
      ${h(Field, { name: "notes", label: notesLabel, isOptional: true, fault: sending.faults.notes, control: (props) => NoteArea({ props, value: notes, onInput: setNotes, maxlength: MAX_NOTE }) })}
      <button type="submit" class="primary" aria-disabled=${sending.isBusy}>${sending.isBusy ? w.saving : words.value.common.save}</button>
    </form>
    ${SendingNote({ sending, texts: { over_capacity: null, validation_error: sending.faults.guests || sending.faults.notes ? null : words.value.errors.invalid } })}`;
}

/** A text of several lines, as the control of a field. */
export const NoteArea = (/** @type {{ props: ControlProps, value: string, onInput: (text: string) => void, maxlength: number }} */ { props: { id, invalid, describedBy }, value, onInput, maxlength }) => html`
  <textarea id=${id} rows="4" dir="auto" maxlength=${maxlength} value=${value} aria-invalid=${invalid || undefined} aria-describedby=${describedBy}
    onInput=${(/** @type {{ currentTarget: HTMLTextAreaElement }} */ event) => onInput(event.currentTarget.value)}></textarea>`;
