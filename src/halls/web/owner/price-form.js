// The form for a price that the owner and the guest agreed on, of a booking that has none.
import { html, useState } from "../vendor/ui.js";
import { TextField } from "../parts/field.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { changeAsShown } from "./change-as-shown.js";
import { ownerWords } from "./words.js";
/** @import { Booking } from "../types.js" */

export function PriceForm(/** @type {{ booking: Booking, onDone: (text: string) => void }} */ { booking, onDone }) {
  const w = ownerWords.value.actions;
  const [price, setPrice] = useState("");
  const sending = useSending();
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    // Without a digit, the API says what is wrong with the price.
    const price_locked = price.trim() ? Number(price) : /** @type {any} */ ("");
    sending.send(() => changeAsShown(booking, { price_locked }, w.priced, onDone));
  };
  return html`
    <form class="stack" novalidate onSubmit=${submit}>
      <p class="muted">${w.priceHelp}</p>
      ${TextField({ name: "price_locked", label: w.priceLabel, type: "number", inputmode: "numeric", min: 0, value: price, onInput: setPrice, fault: sending.faults.price_locked })}
      <button type="submit" class="primary" aria-disabled=${sending.isBusy}>${sending.isBusy ? w.saving : w.save}</button>
    </form>
    ${SendingNote({ sending, texts: sending.faults.price_locked ? { validation_error: null } : {} })}`;
}
