// The month of a venue that an owner paints: each day with its price, its request or its booking.
import { html, useState } from "../vendor/ui.js";
import { words } from "../words.js";
import { addDays, addMonths, dayNumber, isWeekend, longDay, monthOf, today } from "../days.js";
import { inLakh } from "../money.js";
import { MonthHead, useGridKeys, weekdayNames, weeksOf } from "../parts/day-grid.js";
import { useStrokes } from "./strokes.js";
import { paintingWords } from "./words.js";
/** @import { LookAt } from "./days.js" */
/** @typedef {{ current: string, lookAt: LookAt, isBusy: boolean, onMove: (day: string) => void, onPaint: (days: string[]) => void }} Props `current`: the day with the tab stop */

// The API knows days from 2000 to 2100.
const [FIRST, LAST] = ["2000-01-01", "2100-12-31"];
const MAX_SELECTED = 366;

export function Month(/** @type {Props} */ { current, lookAt, isBusy, onMove, onPaint }) {
  const w = paintingWords.value;
  const month = monthOf(current);
  const [anchor, setAnchor] = useState(/** @type {string | null} */ (null));
  const paint = (/** @type {string[]} */ days) => {
    const last = days.at(-1);
    setAnchor(null);
    if (last) onMove(last);
    const coming = days.filter((day) => day >= today());
    if (coming.length) onPaint(coming);
  };
  const strokes = useStrokes(paint);
  const { grid, onKeyDown } = useGridKeys(current, FIRST, (day, isExtended) => {
    setAnchor(isExtended ? anchor ?? current : null);
    onMove(day > LAST ? LAST : day);
  });
  const selected = anchor === null ? strokes.days : new Set(listRange(anchor, current));
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") setAnchor(null);
    else onKeyDown(event);
  };
  const click = (/** @type {string} */ day) => strokes.onClick(anchor !== null && day === current ? [...selected] : [day]);
  return html`
    <section class="painted" aria-labelledby="painted">
      <h2 id="painted" class="sr">${w.grid}</h2>
      ${MonthHead({ month, onTurn: (months) => onMove(`${addMonths(month, months)}-01`) })}
      <table class="days" role="grid" aria-labelledby="painted" aria-describedby="painted-help" aria-multiselectable="true" aria-busy=${isBusy} ref=${grid} onKeyDown=${onKey}
        onPointerDown=${strokes.handlers.onPointerDown} onPointerMove=${strokes.handlers.onPointerMove} onPointerUp=${strokes.handlers.onPointerUp} onPointerCancel=${strokes.handlers.onPointerCancel}>
        <thead><tr>${weekdayNames().map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
        <tbody>${weeksOf(month).map((row, index) => html`<tr key=${`${month}-${index}`}>${row.map((day, slot) => (day ? Cell({ day, current, isSelected: selected.has(day), lookAt, onClick: click }) : html`<td key=${slot}></td>`))}</tr>`)}</tbody>
      </table>
      <p class="legend">
        ${/** @type {const} */ (["free", "requested", "booked", "closed"]).map((state) => html`<span key=${state}><i class=${state}></i>${w.states[state]}</span>`)}
        <span>${w.prices}</span>
      </p>
      <p id="painted-help" class="muted small">${w.gridHelp}</p>
    </section>`;
}

/** @typedef {{ day: string, current: string, isSelected: boolean, lookAt: LookAt, onClick: (day: string) => void }} CellProps */

function Cell(/** @type {CellProps} */ { day, current, isSelected, lookAt, onClick }) {
  const w = words.value;
  const look = lookAt(day);
  const text = look && [longDay(day), paintingWords.value.states[look.state], look.isChanged ? paintingWords.value.changed : ""].filter(Boolean).join(w.common.comma);
  const kinds = [look?.state ?? "", isWeekend(day) ? "weekend" : "", look?.isChanged ? "changed" : "", isSelected ? "selected" : "", day === today() ? "today" : ""];
  return html`
    <td role="gridcell" key=${day} aria-selected=${isSelected}>
      <button type="button" data-day=${day} class=${kinds.filter(Boolean).join(" ")} tabindex=${day === current ? 0 : -1} aria-disabled=${day < today() || undefined} onClick=${() => onClick(day)}>
        <b>${dayNumber(day)}</b><span class="sr"> ${text ?? longDay(day)}</span>
        <small>${look && look.price !== null && html`${inLakh(look.price)}<span class="sr"> ${w.lakhRupees}</span>`}</small>
      </button>
    </td>`;
}

/** Returns the days from one to another, in their order, at most as many as one change can name. */
function listRange(/** @type {string} */ one, /** @type {string} */ other) {
  const [first, last] = one < other ? [one, other] : [other, one];
  const days = [];
  for (let day = first; day <= last && days.length < MAX_SELECTED; day = addDays(day, 1)) days.push(day);
  return days;
}
