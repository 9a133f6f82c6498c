// The question whether to decline a request or to cancel a booking, with a reason for the guest.
import { h, html, useState } from "../vendor/ui.js";
import { NoteArea } from "../bookings/change-form.js";
import { Field } from "../parts/field.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { changeAsShown } from "./change-as-shown.js";
import { guestName, isWaiting } from "./state.js";
import { ownerWords } from "./words.js";
/** @import { Booking } from "../types.js" */

const MAX_REASON = 500;

/** `onDone` gets the sentence about the result. */
export function CancelForm(/** @type {{ booking: Booking, onDone: (text: string) => void, onKeep: () => void }} */ { booking, onDone, onKeep }) {
  const w = ownerWords.value.actions;
  const [reason, setReason] = useState("");
  const sending = useSending();
  const isRequest = isWaiting(booking);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const text = isRequest ? w.declined(guestName(booking)) : w.cancelled;
    sending.send(() => changeAsShown(booking, { status: "cancelled", reason: reason.trim() }, text, onDone));
  };
  const help = isRequest ? w.declineHelp : booking.is_walk_in ? w.cancelHelpWalkIn : w.cancelHelp;
  return html`
    <form class="stack" onSubmit=${submit}>
      <p>${help}</p>
      ${!booking.is_walk_in && html`
        ${h(Field, { name: "reason", label: w.reason, isOptional: true, fault: sending.faults.reason, control: (props) => NoteArea({ props, value: reason, onInput: setReason, maxlength: MAX_REASON }) })}
        ${isRequest && html`<div class="row suggestions">${w.reasons.map((text) => html`<button type="button" class="outline" key=${text} onClick=${() => setReason(text)}>${text}</button>`)}</div>`}`}
      <p class="row">
        <button type="submit" class="primary" aria-disabled=${sending.isBusy}>${isRequest ? (sending.isBusy ? w.declining : w.decline) : sending.isBusy ? w.cancelling : w.cancel}</button>
        <button type="button" class="quiet" onClick=${onKeep}>${w.keep}</button>
      </p>
    </form>
    ${SendingNote({ sending, texts: sending.faults.reason ? { validation_error: null } : {} })}`;
}
