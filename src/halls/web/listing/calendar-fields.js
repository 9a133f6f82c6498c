// The first calendar of a venue: a range of days, and the weekdays that are offered, each with its price.
import { h, html } from "../vendor/ui.js";
import { addDays, longDay, today } from "../days.js";
import { shortRupees } from "../money.js";
import { Field } from "../parts/field.js";
import { calendarFields, isRange } from "./first-calendar.js";
import { readNumber } from "./draft.js";
import { listingWords } from "./words.js";
/** @import { FirstCalendar } from "./first-calendar.js" */
/** @typedef {{ calendar: FirstCalendar, onChange: (calendar: FirstCalendar) => void, faultOf: (name: string) => string | undefined }} Props */
/** @typedef {{ currentTarget: HTMLInputElement }} InputEvent */

const WEEKDAYS = [0, 1, 2, 3, 4, 5, 6];

export function CalendarFields(/** @type {Props} */ { calendar, onChange, faultOf }) {
  const w = listingWords.value.calendar;
  const setPrice = (/** @type {number} */ day, /** @type {string | null} */ price) => onChange({ ...calendar, prices: calendar.prices.map((old, index) => (index === day ? price : old)) });
  return html`
    <div class="range">
      ${DayField("from", w.from, calendar.from, (from) => onChange({ ...calendar, from }))}
      ${DayField("to", w.to, calendar.to, (to) => onChange({ ...calendar, to }), isRange(calendar) ? undefined : w.badRange)}
    </div>
    <fieldset class="weekdays">
      <legend>${w.weekdays}</legend>
      <p class="muted small">${w.priceHint}</p>
      ${WEEKDAYS.map((day) => Weekday({ day, price: calendar.prices[day] ?? null, fault: faultOf(`calendar.${day}`), onPrice: (price) => setPrice(day, price) }))}
    </fieldset>
    ${["dates_available", "pricing"].map((name) => faultOf(name) && html`<p class="fault" key=${name}>${faultOf(name)}</p>`)}
    <p role="status" class="note-line">${Summary(calendar)}</p>`;
}

function DayField(/** @type {string} */ name, /** @type {string} */ label, /** @type {string} */ value, /** @type {(day: string) => void} */ onDay, fault = /** @type {string | undefined} */ (undefined)) {
  return h(Field, {
    name, label, fault,
    control: ({ id, invalid, describedBy }) => html`
      <input id=${id} type="date" min=${today()} max=${addDays(today(), 3 * 365)} value=${value} aria-invalid=${invalid || undefined} aria-describedby=${describedBy}
        onChange=${(/** @type {InputEvent} */ event) => onDay(event.currentTarget.value)} />`,
  });
}

/** One weekday: whether it is offered, and its price. */
function Weekday(/** @type {{ day: number, price: string | null, fault?: string, onPrice: (price: string | null) => void }} */ { day, price, fault, onPrice }) {
  const w = listingWords.value.calendar;
  const name = w.days[day] ?? "";
  const sum = price === null ? null : readNumber(price);
  const faultId = `price-${day}-fault`;
  return html`
    <div class="weekday" key=${day}>
      <label class="check"><input type="checkbox" checked=${price !== null} onChange=${(/** @type {InputEvent} */ event) => onPrice(event.currentTarget.checked ? "" : null)} />${name}</label>
      ${price !== null && html`
        <input class="price" inputmode="numeric" aria-label=${w.priceOf(name)} placeholder=${w.rupees} value=${price} aria-invalid=${fault ? true : undefined} aria-describedby=${fault ? faultId : undefined}
          onInput=${(/** @type {InputEvent} */ event) => onPrice(event.currentTarget.value)} />
        <span class="muted small">${typeof sum === "number" ? shortRupees(sum) : w.noPrice}</span>
        ${fault && html`<p id=${faultId} class="fault">${fault}</p>`}`}
    </div>`;
}

/** What guests will see, before it is sent. */
function Summary(/** @type {FirstCalendar} */ calendar) {
  const w = listingWords.value.calendar;
  const { dates_available: days, pricing } = calendarFields(calendar);
  if (days.length === 0) return w.none;
  return w.summary(days.length, longDay(days[0] ?? ""), longDay(days.at(-1) ?? ""), days.length - pricing.overrides.length);
}
