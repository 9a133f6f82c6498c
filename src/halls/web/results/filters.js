// The filters below the search bar: kind, budget, order, and a dialog with the rest.
import { h, html, useState } from "../vendor/ui.js";
import { words } from "../words.js";
import { shortRupees } from "../money.js";
import { Icon } from "../icon.js";
import { Dialog } from "../parts/dialog.js";
import { AMENITIES, FLEX_DAYS, KINDS, listSorts, WEEKEND } from "../parts/wish.js";
/** @import { Wish } from "../parts/wish.js" */
/** @import { OnChange } from "../parts/search-bar.js" */
/** @typedef {{ wish: Wish, onChange: OnChange }} Props */
/** @typedef {{ currentTarget: HTMLSelectElement }} SelectEvent */

const BUDGETS = [100_000, 200_000, 300_000, 500_000, 1_000_000];

export function Filters(/** @type {Props} */ { wish, onChange }) {
  const w = words.value.search;
  const [isOpen, setOpen] = useState(false);
  const count = wish.amenities.length + Number(wish.flex > 0) + Number(wish.isWeekendOnly) + Number(wish.text !== "");
  return html`
    <div class="chips">
      <fieldset>
        <legend class="sr">${w.kind}</legend>
        ${[null, ...KINDS].map((kind) => html`
          <label class="chip" key=${kind}>
            <input type="radio" name="type" checked=${wish.type === kind} onChange=${() => onChange({ type: kind })} />
            <span>${kind ? words.value.kindsMany[kind] : w.anyKind}</span>
          </label>`)}
      </fieldset>
      <span class="selects">
        <button type="button" class="outline" aria-haspopup="dialog" onClick=${() => setOpen(true)}>${Icon("sliders-horizontal")}${w.filters}${count > 0 && ` (${count})`}</button>
        ${Budget({ wish, onChange })}
        ${SortChoice({ wish, onChange })}
      </span>
    </div>
    ${h(Dialog, { title: w.moreFilters, isOpen, onClose: () => setOpen(false) }, h(MoreFilters, { wish, onChange, onDone: () => setOpen(false) }))}`;
}

function Budget(/** @type {Props} */ { wish, onChange }) {
  const w = words.value.search;
  return html`
    <label class="choice"><span class="sr">${w.budget}</span>
      <select name="budget" onChange=${(/** @type {SelectEvent} */ event) => onChange({ budget: event.currentTarget.value || null })}>
        <option value="" selected=${!wish.budget}>${w.anyBudget}</option>
        ${BUDGETS.map((sum) => html`<option value=${sum} selected=${wish.budget === sum}>${w.upTo(shortRupees(sum))}</option>`)}
      </select>
    </label>`;
}

function SortChoice(/** @type {Props} */ { wish, onChange }) {
  const w = words.value.search;
  return html`
    <label class="choice"><span class="sr">${w.sort}</span>
      <select name="sort" onChange=${(/** @type {SelectEvent} */ event) => onChange({ sort: event.currentTarget.value })}>
        ${listSorts(wish).map((sort) => html`<option value=${sort} selected=${wish.sort === sort}>${w.sorts[sort]}</option>`)}
      </select>
    </label>`;
}

/** The content of the dialog. Its changes apply together, with the button. */
function MoreFilters(/** @type {Props & { onDone: () => void }} */ { wish, onChange, onDone }) {
  const w = words.value.search;
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    onChange({
      q: String(form.get("q") ?? "").trim() || null,
      flex: String(form.get("flex") ?? "") || null,
      weekdays: form.has("weekend") ? WEEKEND : null,
      amenities: form.getAll("amenities").join(",") || null,
    });
    onDone();
  };
  return html`
    <form class="stack" onSubmit=${submit}>
      <div class="field"><label for="filter-text">${w.text}</label><input id="filter-text" name="q" type="search" maxlength="80" dir="auto" value=${wish.text} /></div>
      ${wish.date && html`
        <div class="field"><label for="filter-flex">${w.flex}</label>
          <select id="filter-flex" name="flex">
            <option value="" selected=${!wish.flex}>${w.exactly}</option>
            ${FLEX_DAYS.map((days) => html`<option value=${days} selected=${wish.flex === days}>${w.days(days)}</option>`)}
          </select>
        </div>
        <label class="check"><input type="checkbox" name="weekend" checked=${wish.isWeekendOnly} /><span>${w.onlyWeekends}</span></label>`}
      <fieldset class="checks">
        <legend>${w.amenities}</legend>
        ${AMENITIES.map((name) => html`<label class="check" key=${name}><input type="checkbox" name="amenities" value=${name} checked=${wish.amenities.includes(name)} /><span>${words.value.amenities[name]}</span></label>`)}
      </fieldset>
      <button type="submit" class="primary">${words.value.common.show}</button>
    </form>`;
}
