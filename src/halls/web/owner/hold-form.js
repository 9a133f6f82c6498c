// The form that gives an owner more time to answer a request.
import { html, useState } from "../vendor/ui.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { changeAsShown } from "./change-as-shown.js";
import { ownerWords } from "./words.js";
/** @import { Booking } from "../types.js" */

// In the order of the choice. 0 stands for no limit.
const HOURS = /** @type {const} */ ([24, 48, 72, 168, 336, 0]);
const USUAL_HOURS = 48;

export function HoldForm(/** @type {{ booking: Booking, onDone: (text: string) => void }} */ { booking, onDone }) {
  const w = ownerWords.value.actions;
  const [chosen, setChosen] = useState(/** @type {number} */ (USUAL_HOURS));
  const sending = useSending();
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    sending.send(() => changeAsShown(booking, { hold_hours: chosen }, w.extended, onDone));
  };
  return html`
    <form class="stack" onSubmit=${submit}>
      <p class="muted">${w.timeHelp}</p>
      <fieldset class="checks">
        <legend class="sr">${w.timeTitle}</legend>
        ${HOURS.map((hours) => html`
          <label class="check" key=${hours}><input type="radio" name="hours" value=${hours} checked=${hours === chosen} onChange=${() => setChosen(hours)} /><span>${w.times[hours]}</span></label>`)}
      </fieldset>
      <button type="submit" class="primary" aria-disabled=${sending.isBusy}>${sending.isBusy ? w.saving : w.save}</button>
    </form>
    ${SendingNote({ sending })}`;
}
