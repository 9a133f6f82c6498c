// The calendar of a venue: which days of a month are free, and their prices. A grid with one tab stop (ARIA Authoring Practices).
import { h, html, useEffect, useState } from "../vendor/ui.js";
import { ApiError } from "../api.js";
import { words } from "../words.js";
import { addDays, addMonths, dayNumber, daysOf, isWeekend, longDay, monthOf, today } from "../days.js";
import { inLakh } from "../money.js";
import { clampDay, MonthHead, useGridKeys, weekdayNames, weeksOf } from "../parts/day-grid.js";
import { ErrorPanel } from "../parts/error-panel.js";
import { loadMonth, offerOf } from "./offers.js";
/** @import { Venue } from "../types.js" */
/** @typedef {{ venue: Venue, chosen: string | null, onChoose: (day: string) => void }} Props */
/** @typedef {{ month: string, current: string, chosen: string | null, best: number | null, offered: Set<string>, onPick: (day: string) => void }} MonthProps `current`: the day with the tab stop; `best`: the price with a star */

// A star on more days says nothing.
const MAX_SHARE_OF_BEST = 1 / 3;

export function Calendar(/** @type {Props} */ { venue, chosen, onChoose }) {
  const w = words.value.venue;
  const first = addDays(today(), 1);
  const offered = new Set(venue.dates_available);
  const ahead = venue.dates_available.filter((day) => day >= first).sort();
  const [current, setCurrent] = useState(chosen ?? ahead[0] ?? first);
  const [error, setError] = useState(/** @type {ApiError | null} */ (null));
  const month = monthOf(current);
  const load = () => {
    setError(null);
    loadMonth(month).catch((reason) => { if (reason instanceof ApiError) setError(reason); });
  };
  useEffect(load, [venue.id, month]);
  useEffect(() => { if (chosen) setCurrent(chosen); }, [chosen]);
  const { grid, onKeyDown } = useGridKeys(current, first, setCurrent);
  const turn = (/** @type {number} */ months) => setCurrent(clampDay(`${addMonths(month, months)}-01`, first));
  const best = bestPrice(month);
  const isBusy = !error && offerOf(daysOf(month).at(-1) ?? "") === undefined;
  const pick = (/** @type {string} */ day) => {
    setCurrent(day);
    if (offerOf(day)?.available) onChoose(day);
  };
  return html`
    <section class="calendar" aria-labelledby="calendar">
      <h2 id="calendar">${w.calendar}</h2>
      ${MonthHead({ month, isFirst: month <= monthOf(first), isLast: month >= monthOf(ahead.at(-1) ?? first), onTurn: turn })}
      <table class="days" role="grid" aria-labelledby="calendar" aria-busy=${isBusy} ref=${grid} onKeyDown=${onKeyDown}>
        <thead><tr>${weekdayNames().map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
        <tbody>${Weeks({ month, current, chosen, best, offered, onPick: pick })}</tbody>
      </table>
      ${error && h(ErrorPanel, { error, onRetry: load })}
      <p class="legend">
        <span><i class="free"></i>${w.free}</span><span><i class="taken"></i>${w.taken}</span>
        ${best !== null && html`<span><i class="best"></i>${w.lowest}</span>`}
        <span class="muted">${w.calendarHelp}</span>
      </p>
    </section>`;
}

/** Returns the lowest price of a month if it deserves a star, else null. */
function bestPrice(/** @type {string} */ month) {
  const free = daysOf(month).flatMap((day) => offerOf(day) ?? []).filter(({ available }) => available);
  const prices = free.flatMap(({ price }) => (price === null ? [] : [price]));
  const best = Math.min(...prices);
  return prices.length && prices.filter((price) => price === best).length <= free.length * MAX_SHARE_OF_BEST ? best : null;
}

const Weeks = (/** @type {MonthProps} */ { month, ...rest }) =>
  weeksOf(month).map((row, index) => html`<tr key=${`${month}-${index}`}>${row.map((day, slot) => (day ? Cell({ month, day, ...rest }) : html`<td key=${slot}></td>`))}</tr>`);

function Cell(/** @type {MonthProps & { day: string }} */ { day, current, chosen, best, offered, onPick }) {
  const w = words.value;
  const offer = offerOf(day);
  const state = offer?.available ? "free" : offer && offered.has(day) && day > today() ? "taken" : "none";
  const price = offer?.price ?? null;
  const kinds = [state, isWeekend(day) ? "weekend" : "", state === "free" && price !== null && price === best ? "best" : ""];
  return html`
    <td role="gridcell" key=${day} aria-selected=${day === chosen}>
      <button type="button" data-day=${day} class=${kinds.join(" ")} tabindex=${day === current ? 0 : -1} aria-disabled=${state !== "free"} onClick=${() => onPick(day)}>
        <b>${dayNumber(day)}</b><span class="sr"> ${longDay(day)}${w.common.comma}${w.venue[state]}</span>
        <small>${state === "free" && PriceText(price)}</small>
      </button>
    </td>`;
}

function PriceText(/** @type {number | null} */ price) {
  if (price === null) return html`<span class="sr">${words.value.priceOnRequest}</span>`;
  return html`${inLakh(price)}<span class="sr"> ${words.value.lakhRupees}</span>`;
}
