// The form for the same weekdays of a period: "every Friday and Saturday from … to …".
import { h, html, useRef, useState } from "../vendor/ui.js";
import { words } from "../words.js";
import { addDays, today } from "../days.js";
import { TextField, useFaultFocus } from "../parts/field.js";
import { WEEKDAYS } from "./changes.js";
import { paintingWords } from "./words.js";
/** @import { Action, Days, Weekday } from "./changes.js" */
/** @typedef {{ currentTarget: HTMLInputElement }} InputEvent */

const YEAR_DAYS = 364;

/** `onApply` gets the days. `faults` are those of the API. */
export function EveryForm(/** @type {{ action: Action, faults: Record<string, string>, onApply: (days: Days) => void }} */ { action, faults, onApply }) {
  const w = paintingWords.value;
  const form = useRef(null);
  const [weekdays, setWeekdays] = useState(/** @type {Weekday[]} */ (["fri", "sat", "sun"]));
  const [from, setFrom] = useState(today());
  const [to, setTo] = useState(addDays(today(), YEAR_DAYS));
  const [own, setOwn] = useState(/** @type {Record<string, string>} */ ({}));
  useFaultFocus(form, own);
  const toggle = (/** @type {Weekday} */ day) => (/** @type {InputEvent} */ { currentTarget: { checked } }) =>
    setWeekdays(WEEKDAYS.filter((name) => (name === day ? checked : weekdays.includes(name))));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const found = findFaults();
    setOwn(found);
    if (Object.keys(found).length === 0) onApply({ from, to, weekdays });
  };
  return html`
    <form class="stack every" ref=${form} novalidate onSubmit=${submit}>
      <h2>${w.every}</h2>
      <p class="muted small">${w.everyHelp}</p>
      <fieldset class="brushes" aria-describedby=${own.weekdays ? "weekdays-fault" : undefined}>
        <legend>${w.weekdaysLabel}</legend>
        ${WEEKDAYS.map((day) => html`
          <label class="pill" key=${day}><input type="checkbox" name="weekdays" checked=${weekdays.includes(day)} aria-invalid=${Boolean(own.weekdays) || undefined} onChange=${toggle(day)} /><span>${w.weekdays[day]}</span></label>`)}
      </fieldset>
      ${own.weekdays && html`<p id="weekdays-fault" class="fault">${own.weekdays}</p>`}
      <div class="pair">
        ${h(TextField, { name: "from", type: "date", label: w.from, value: from, fault: own.from ?? faults.from, onInput: setFrom })}
        ${h(TextField, { name: "to", type: "date", label: w.to, value: to, fault: own.to ?? faults.to, onInput: setTo })}
      </div>
      <p class="row"><button type="submit" class="outline">${w.apply[action]}</button></p>
    </form>`;

  function findFaults() {
    const { required, wrong_order } = words.value.faults;
    return {
      ...(weekdays.length === 0 && { weekdays: w.chooseWeekday }),
      ...(!from && { from: required }),
      ...(!to ? { to: required } : to < from && { to: wrong_order }),
    };
  }
}
