// What the figures are about: the period, the rows, the venue. Each choice changes the address.
import { h, html, useState } from "../vendor/ui.js";
import { go, withQuery } from "../router.js";
import { Field, TextField } from "../parts/field.js";
import { daysOfPeriod, nameOfPeriod, PERIODS, ROWS } from "./period.js";
import { figureWords } from "./words.js";
/** @import { Venue } from "../types.js" */
/** @import { Choice, PeriodName } from "./period.js" */
/** @typedef {{ currentTarget: HTMLSelectElement }} SelectEvent */

const show = (/** @type {Record<string, string | null>} */ changes) => go(withQuery(changes), { replace: true, keepScroll: true });

/** `faults` are those of the last request, by the name of the field. */
export function Filters(/** @type {{ choice: Choice, venues: Venue[], faults: Record<string, string> }} */ { choice, venues, faults }) {
  const w = figureWords.value;
  const [isOwn, setOwn] = useState(nameOfPeriod(choice) === "own");
  const pick = (/** @type {PeriodName} */ name) => {
    setOwn(name === "own");
    if (name !== "own") show(daysOfPeriod(name));
  };
  return html`
    <div class="figure-filters">
      ${h(Field, {
        name: "period", label: w.period,
        control: ({ id }) => html`
          <select id=${id} value=${isOwn ? "own" : nameOfPeriod(choice)} onChange=${(/** @type {SelectEvent} */ event) => pick(/** @type {PeriodName} */ (event.currentTarget.value))}>
            ${PERIODS.map((name) => html`<option key=${name} value=${name}>${w.periods[name]}</option>`)}
          </select>`,
      })}
      ${venues.length > 1 && h(Field, {
        name: "venue", label: w.venue,
        control: ({ id }) => html`
          <select id=${id} value=${choice.venueId} onChange=${(/** @type {SelectEvent} */ event) => show({ venue: event.currentTarget.value || null })}>
            <option value="">${w.allVenues}</option>
            ${venues.map((venue) => html`<option key=${venue.id} value=${venue.id}>${venue.venue_name}</option>`)}
          </select>`,
      })}
      ${(isOwn || faults.from || faults.to) && h(OwnPeriod, { choice, faults })}
    </div>
    <nav class="row-kinds" aria-label=${w.rows}>
      ${ROWS.map((by) => html`<a key=${by} class="quiet" href=${withQuery({ by: by === "month" ? null : by })} aria-current=${by === choice.by ? "page" : undefined}>${w.by[by]}</a>`)}
    </nav>`;
}

function OwnPeriod(/** @type {{ choice: Choice, faults: Record<string, string> }} */ { choice, faults }) {
  const w = figureWords.value;
  const [from, setFrom] = useState(choice.from);
  const [to, setTo] = useState(choice.to);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (from && to) show({ from, to });
  };
  return html`
    <form class="own-period" novalidate onSubmit=${submit}>
      ${h(TextField, { name: "from", type: "date", label: w.from, value: from, fault: faults.from, onInput: setFrom })}
      ${h(TextField, { name: "to", type: "date", label: w.to, value: to, fault: faults.to, onInput: setTo })}
      <button type="submit" class="outline">${w.show}</button>
    </form>`;
}
