// The period, the rows and the venue of the figures: the address has them.
import { query } from "../router.js";
import { addDays, addMonths, daysOf, isDay, monthOf, today } from "../days.js";
/** @typedef {"month" | "weekday" | "venue"} By */
/** @typedef {typeof PERIODS[number]} PeriodName */
/** @typedef {{ from: string, to: string, by: By, venueId: string }} Choice `venueId`: empty for all venues */

export const PERIODS = /** @type {const} */ (["around", "past", "coming", "own"]);
/** @type {By[]} */
export const ROWS = ["month", "weekday", "venue"];

const firstOf = (/** @type {string} */ month) => `${month}-01`;
const lastOf = (/** @type {string} */ month) => daysOf(month).at(-1) ?? month;

/** Returns the first and the last day of a period with a name: 12 whole months. "own" is the first that is offered. */
export function daysOfPeriod(/** @type {PeriodName} */ name) {
  const month = monthOf(today());
  const start = addMonths(month, { past: -11, coming: 0, around: -5, own: -5 }[name]);
  return { from: firstOf(start), to: lastOf(addMonths(start, 11)) };
}

/** Returns the name of a period. */
export const nameOfPeriod = (/** @type {{ from: string, to: string }} */ { from, to }) =>
  PERIODS.find((name) => daysOfPeriod(name).from === from && daysOfPeriod(name).to === to) ?? "own";

/** Returns the choice in the address, or a usual one. @returns {Choice} */
export function readChoice() {
  const [from, to] = [query.value.get("from") ?? "", query.value.get("to") ?? ""];
  const days = isDay(from) && isDay(to) ? { from, to } : daysOfPeriod("around");
  return { ...days, by: ROWS.find((by) => by === query.value.get("by")) ?? "month", venueId: query.value.get("venue") ?? "" };
}

/** Returns a day of the week as the days of the pages know it: "mon" is a Monday. */
export const dayOfWeekday = (/** @type {string} */ key) => addDays("2024-01-01", ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].indexOf(key));
