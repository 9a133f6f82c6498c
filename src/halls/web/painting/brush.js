// The brush: what happens to the days that the owner paints, and its price or percentage.
import { h, html } from "../vendor/ui.js";
import { words } from "../words.js";
import { shortRupees } from "../money.js";
import { TextField } from "../parts/field.js";
import { ACTIONS } from "./changes.js";
import { paintingWords } from "./words.js";
/** @import { Brush } from "./changes.js" */

const [MIN_PERCENT, MAX_PERCENT] = [-90, 400];

/** Returns the fields of the brush. `faults` are by the field of the API. */
export function BrushFields(/** @type {{ brush: Brush, faults: Record<string, string>, onChange: (brush: Brush) => void }} */ { brush, faults, onChange }) {
  const w = paintingWords.value;
  const set = (/** @type {Partial<Brush>} */ some) => onChange({ ...brush, ...some });
  const { action } = brush;
  return html`
    <fieldset class="brushes" aria-describedby="brush-help">
      <legend>${w.brush}</legend>
      ${ACTIONS.map((name) => html`
        <label class="pill" key=${name}><input type="radio" name="action" value=${name} checked=${action === name} onChange=${() => set({ action: name })} /><span>${w.actions[name]}</span></label>`)}
    </fieldset>
    <p id="brush-help" class="muted small">${w.help[action]}</p>
    ${(action === "offer" || action === "price") && h(TextField, {
      name: "price", type: "number", inputmode: "numeric", min: 0, label: w.price, isOptional: action === "offer", value: brush.price, hint: inWords(brush),
      fault: faults.price, onInput: (price) => set({ price }),
    })}
    ${action === "adjust" && html`
      <div class="pair">
        ${h(TextField, { name: "percent", type: "number", inputmode: "text", min: MIN_PERCENT, max: MAX_PERCENT, label: w.percent, value: brush.percent, fault: faults.percent, onInput: (percent) => set({ percent }) })}
        ${h(TextField, { name: "round_to", type: "number", inputmode: "numeric", min: 1, label: w.roundTo, value: brush.roundTo, fault: faults.round_to, onInput: (roundTo) => set({ roundTo }) })}
      </div>`}`;
}

/** A price of six digits is easily mistyped: it is repeated in lakh. */
function inWords(/** @type {Brush} */ { action, price }) {
  if (Number(price) > 0) return shortRupees(Number(price));
  return action === "offer" ? words.value.priceOnRequest : undefined;
}
