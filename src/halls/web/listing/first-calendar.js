// The first calendar of a venue: which weekdays of a range of days are offered, each at its price.
import { addDays, isDay, today, weekday } from "../days.js";
import { readNumber } from "./draft.js";
/** @import { FieldFault } from "../types.js" */
/** @typedef {{ from: string, to: string, prices: (string | null)[] }} FirstCalendar `prices` begins with Monday. Null: the day is not offered; an empty text: it has no price. */

const YEAR_DAYS = 365;
const MAX_DAYS = 3 * YEAR_DAYS;

/** Returns a calendar that offers the weekends of a year. @returns {FirstCalendar} */
export function newCalendar() {
  const from = addDays(today(), 1);
  return { from, to: addDays(from, YEAR_DAYS), prices: [null, null, null, null, "", "", ""] };
}

/** Whether the days are a range that a calendar can have: at most three years. */
export function isRange(/** @type {FirstCalendar} */ { from, to }) {
  return isDay(from) && isDay(to) && from <= to && to <= addDays(from, MAX_DAYS);
}

/** Returns the days that a calendar offers. @returns {{ date: string, price: string }[]} */
function daysOffered(/** @type {FirstCalendar} */ calendar) {
  const days = [];
  if (!isRange(calendar)) return [];
  for (let date = calendar.from; date <= calendar.to; date = addDays(date, 1)) {
    const price = calendar.prices[weekday(date)] ?? null;
    if (price !== null) days.push({ date, price });
  }
  return days;
}

/** Returns a calendar as fields of the API. */
export function calendarFields(/** @type {FirstCalendar} */ calendar) {
  const days = daysOffered(calendar);
  const overrides = days.filter(({ price }) => price.trim()).map(({ date, price }) => ({ date, price: /** @type {any} */ (readNumber(price)) }));
  return { dates_available: days.map(({ date }) => date), pricing: { overrides } };
}

/** Names the weekday in a fault of one price: `calendar.4` for each Friday. Each weekday has one field on the page. */
export function nameWeekday(/** @type {FieldFault} */ fault, /** @type {{ date: string }[]} */ overrides) {
  const [, index] = /^pricing\.overrides\.(\d+)\./.exec(fault.field) ?? [];
  const override = overrides[Number(index)];
  return override ? { ...fault, field: `calendar.${weekday(override.date)}` } : fault;
}
