// The search bar: where, when, for how many guests.
import { html, useState } from "../vendor/ui.js";
import { words } from "../words.js";
import { findPlaceByText, placeLabel, places } from "../places.js";
import { addDays, shortDay, today } from "../days.js";
import { Icon } from "../icon.js";
/** @import { Wish } from "./wish.js" */
/** @typedef {{ currentTarget: HTMLInputElement }} InputEvent */
/** @typedef {(changes: Record<string, string | null>) => void} OnChange gets changes of the query of the address */

/** `onSearch` is called by the button; `onChange` after each change of a part. */
export function SearchBar(/** @type {{ wish: Wish, onChange: OnChange, onSearch?: () => void }} */ { wish, onChange, onSearch }) {
  const w = words.value.search;
  const [text, setText] = useState(/** @type {string | null} */ (null));
  const choosePlace = () => {
    const place = text === null ? null : findPlaceByText(text);
    setText(null);
    if (place) onChange({ place: place.id, bbox: null });
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    choosePlace();
    onSearch?.();
  };
  return html`
    <form class="search" role="search" onSubmit=${submit}>
      <div class="bar">
        <label class="part where">
          <span>${w.where}</span>
          <input list="places" name="place" autocomplete="off" value=${text ?? placeLabel(wish.place)} onChange=${choosePlace}
            onFocus=${(/** @type {InputEvent} */ event) => event.currentTarget.select()}
            onInput=${(/** @type {InputEvent} */ event) => setText(event.currentTarget.value)} />
        </label>
        <datalist id="places">${places.value.map((place) => html`<option key=${place.id} value=${placeLabel(place)} />`)}</datalist>
        ${DayPart({ wish, onChange })}
        <label class="part narrow">
          <span>${w.guests}</span>
          <input type="number" name="guests" inputmode="numeric" min="1" max="100000" step="1" placeholder="300" value=${wish.guests ?? ""}
            onChange=${(/** @type {InputEvent} */ event) => onChange({ guests: event.currentTarget.value || null })} />
        </label>
        <button type="submit" class="go" aria-label=${w.submit}>${Icon("search")}</button>
      </div>
    </form>`;
}

/** The day: the browser's own picker lies invisibly over the day in words. */
function DayPart(/** @type {{ wish: Wish, onChange: OnChange }} */ { wish, onChange }) {
  const w = words.value.search;
  return html`
    <label class="part">
      <span>${w.when}</span>
      <span class=${`day ${wish.date ? "" : "muted"}`}>${wish.date ? shortDay(wish.date) : w.anyDay}</span>
      <input type="date" class="over" name="date" min=${addDays(today(), 1)} value=${wish.date ?? ""} aria-label=${w.when}
        onClick=${(/** @type {InputEvent} */ event) => event.currentTarget.showPicker?.()}
        onChange=${(/** @type {InputEvent} */ event) => onChange({ date: event.currentTarget.value || null })} />
    </label>`;
}
