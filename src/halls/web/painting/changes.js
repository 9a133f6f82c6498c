// What an owner does to days with the brush, as the changes of the API.
/** @import { CalendarChange } from "../types.js" */
/** @typedef {CalendarChange["do"]} Action */
/** @typedef {NonNullable<CalendarChange["weekdays"]>[number]} Weekday */
/** @typedef {{ action: Action, price: string, percent: string, roundTo: string }} Brush what is written in its fields */
/** @typedef {{ dates: string[] } | { from: string, to: string, weekdays: Weekday[] }} Days */

/** @type {Action[]} */
export const ACTIONS = ["offer", "close", "price", "clear_price", "adjust"];
/** @type {Weekday[]} */
export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/** The most changes of one request. */
export const MAX_CHANGES = 50;
const MAX_DATES = 366;

/** Returns the field without which the brush does nothing, or null if the fields are complete. @returns {"price" | "percent" | null} */
export function missingField(/** @type {Brush} */ { action, price, percent }) {
  if (action === "price" && !price.trim()) return "price";
  return action === "adjust" && !percent.trim() ? "percent" : null;
}

/** Returns what the brush does to days. Closing leaves booked days as they are. @returns {CalendarChange} */
export function makeChange(/** @type {Brush} */ { action, price, percent, roundTo }, /** @type {Days} */ days) {
  const where = "weekdays" in days && days.weekdays.length === WEEKDAYS.length ? { from: days.from, to: days.to } : days;
  if (action === "close") return { do: action, ...where, keep_booked: true };
  if (action === "adjust") return { do: action, ...where, percent: Number(percent), ...(Number(roundTo) > 1 && { round_to: Number(roundTo) }) };
  if (action === "price" || (action === "offer" && price.trim())) return { do: action, ...where, price: Number(price) };
  return { do: action, ...where };
}

/** Joins changes that follow each other and do the same to single days: one request has at most 50 changes. */
export function joinChanges(/** @type {CalendarChange[]} */ changes) {
  /** @type {CalendarChange[]} */
  const joined = [];
  for (const change of changes) {
    const both = joinTwo(joined.at(-1), change);
    if (both) joined[joined.length - 1] = both;
    else joined.push(change);
  }
  return joined;
}

/** @returns {CalendarChange | null} */
function joinTwo(/** @type {CalendarChange | undefined} */ before, /** @type {CalendarChange} */ after) {
  if (!before?.dates || !after.dates || actionOf(before) !== actionOf(after)) return null;
  const dates = [...new Set([...before.dates, ...after.dates])].sort();
  // A day that is adjusted twice changes twice.
  if (after.do === "adjust" && dates.length < before.dates.length + after.dates.length) return null;
  return dates.length <= MAX_DATES ? { ...before, dates } : null;
}

/** A text that is the same for changes that differ in their days only. */
const actionOf = (/** @type {CalendarChange} */ { do: action, price, percent, round_to }) => [action, price, percent, round_to].join(" ");
