// What the changes that are not saved yet would do, in words; and the buttons that undo and save them.
import { h, html } from "../vendor/ui.js";
import { words } from "../words.js";
import { dayOfYear, shortDay } from "../days.js";
import { shortRupees } from "../money.js";
import { Icon } from "../icon.js";
import { ErrorPanel } from "../parts/error-panel.js";
import { SendingNote } from "../parts/sending.js";
import { listChanged } from "./days.js";
import { paintingWords } from "./words.js";
/** @import { CalendarChange, CalendarChanged } from "../types.js" */
/** @import { Draft } from "./draft.js" */

const MAX_NAMED = 3;

/** `onShow` gets a day that the owner wants to see. */
export function Summary(/** @type {{ draft: Draft, onShow: (day: string) => void }} */ { draft, onShow }) {
  const w = paintingWords.value;
  const { changes, result } = draft;
  return html`
    <section class="will" aria-labelledby="will">
      <h2 id="will">${w.changes}</h2>
      ${changes.length === 0 ? html`<p class="muted">${w.none}</p>` : html`<ol>${changes.map((change, index) => html`<li key=${index}>${describeChange(change)}</li>`)}</ol>`}
      ${draft.faults.changes && html`<p class="bad" role="alert">${draft.faults.changes}</p>`}
      ${draft.error && h(ErrorPanel, { error: draft.error, onRetry: draft.retry })}
      <div role="status" class="effect">
        ${result && draft.isTried && describeResult(result).map((sentence) => html`<p key=${sentence}>${sentence}</p>`)}
        ${changes.length > 0 && !draft.isTried && !draft.error && html`<p class="muted">${w.trying}</p>`}
      </div>
      ${result && draft.isTried && result.kept.length > 0 && html`
        <p>${w.kept(result.kept.length)}</p>
        <p class="row">${result.kept.map((day) => html`<button type="button" class="outline" key=${day} onClick=${() => onShow(day)}>${shortDay(day)}</button>`)}</p>`}
      ${SendingNote({ sending: draft.sending })}
    </section>`;
}

/** The buttons stay in sight at the foot of the screen while there is something to save. */
export function SaveBar(/** @type {{ draft: Draft }} */ { draft }) {
  const w = paintingWords.value;
  if (draft.changes.length === 0) return null;
  const count = draft.result && draft.isTried ? listChanged(draft.result).length : 0;
  return html`
    <div class="paint-bar">
      <button type="button" class="outline" onClick=${draft.undo}>${Icon("undo-2")}${w.undo}</button>
      ${draft.changes.length > 1 && html`<button type="button" class="quiet" onClick=${draft.clear}>${w.clear}</button>`}
      ${count > 0 && html`<button type="button" class="primary" aria-disabled=${draft.sending.isBusy} onClick=${draft.save}>${draft.sending.isBusy ? w.saving : w.save(count)}</button>`}
    </div>`;
}

/** Returns a change in words: "Offer Fri and Sat from 1 Dec 2026 to 28 Feb 2027 at Rs 2.54 lakh". */
function describeChange(/** @type {CalendarChange} */ change) {
  const w = paintingWords.value;
  const where = describeDays(change);
  const price = typeof change.price === "number" ? shortRupees(change.price) : "";
  const percent = `${(change.percent ?? 0) > 0 ? "+" : ""}${change.percent}%`;
  return w.list[change.do](where, change.do === "adjust" ? percent : price);
}

function describeDays(/** @type {CalendarChange} */ { dates, from, to, weekdays }) {
  const w = paintingWords.value;
  if (dates) return dates.length <= MAX_NAMED ? dates.map(shortDay).join(words.value.common.comma) : w.days(dates.length);
  const names = weekdays ? joinWords(weekdays.map((day) => w.weekdays[day])) : w.allDays;
  return w.every_(names, dayOfYear(from ?? ""), dayOfYear(to ?? ""));
}

/** Returns "Fri, Sat and Sun". */
const joinWords = (/** @type {string[]} */ names) => [names.slice(0, -1).join(words.value.common.comma), ...names.slice(-1)].filter(Boolean).join(paintingWords.value.and);

/** Returns what the changes would do, one sentence for each kind of change. */
function describeResult(/** @type {CalendarChanged} */ { venue, added, removed, repriced }) {
  const w = paintingWords.value;
  const prices = new Map([...venue.pricing.overrides].reverse().map(({ date, price }) => [date, price]));
  const isNew = new Set(added);
  // The price of a newly offered day stands in the sentence about it.
  const others = repriced.filter(({ date }) => !isNew.has(date));
  const sentences = [
    added.length && w.added(added.length, describePrices(added.map((day) => prices.get(day) ?? null))),
    removed.length && w.removed(removed.length),
    others.length && w.repriced(others.length, describePrices(others.map(({ from }) => from)), describePrices(others.map(({ to }) => to))),
    others.length && w.agreed,
  ].filter((sentence) => typeof sentence === "string");
  return sentences.length ? sentences : [w.nothing];
}

/** Returns "Rs 2.54 lakh", or "Rs 2.1 lakh to Rs 3 lakh". */
function describePrices(/** @type {(number | null | undefined)[]} */ prices) {
  const known = prices.filter((price) => typeof price === "number");
  if (known.length === 0) return words.value.priceOnRequest;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return low === high ? shortRupees(low) : paintingWords.value.range(shortRupees(low), shortRupees(high));
}
