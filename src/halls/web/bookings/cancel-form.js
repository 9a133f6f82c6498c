// The question whether to cancel a booking, with a reason for the venue.
import { h, html, useState } from "../vendor/ui.js";
import { change } from "../api.js";
import { words } from "../words.js";
import { Field } from "../parts/field.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { NoteArea } from "./change-form.js";
import { hasChangedMeanwhile } from "./conflict.js";
/** @import { Booking } from "../types.js" */

const MAX_REASON = 500;

/** `onDone` gets the sentence about the result. A second request to cancel is a success too, so a retry does no harm. */
export function CancelForm(/** @type {{ booking: Booking, onDone: (text: string) => void, onKeep: () => void }} */ { booking, onDone, onKeep }) {
  const w = words.value.booking;
  const [reason, setReason] = useState("");
  const sending = useSending();
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    sending.send(async () => {
      try {
        await change("/bookings/{booking_id}", { status: "cancelled", reason: reason.trim() }, { parts: { booking_id: booking.id } });
        onDone(w.cancelled);
      } catch (error) {
        if (!hasChangedMeanwhile(error)) throw error;
        onDone(w.hasChanged);
      }
    });
  };
  return html`
    <form class="stack" onSubmit=${submit}>
      <p>${w.cancelHelp}</p>
      ${h(Field, { name: "reason", label: w.cancelReason, isOptional: true, fault: sending.faults.reason, control: (props) => NoteArea({ props, value: reason, onInput: setReason, maxlength: MAX_REASON }) })}
      <p class="row">
        <button type="submit" class="primary" aria-disabled=${sending.isBusy}>${sending.isBusy ? w.cancelling : w.cancel}</button>
        <button type="button" class="quiet" onClick=${onKeep}>${w.keep}</button>
      </p>
    </form>
    ${SendingNote({ sending, texts: sending.faults.reason ? { validation_error: null } : {} })}`;
}
