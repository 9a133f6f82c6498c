// The rows of the figures in words: their names, their bars, and their cells.
import { language, words } from "../words.js";
import { monthName, weekdayName } from "../days.js";
import { rupees, shortRupees } from "../money.js";
import { dayOfWeekday } from "./period.js";
import { figureWords } from "./words.js";
/** @import { FigureRow, Figures, Venue } from "../types.js" */
/** @import { Bar } from "./chart.js" */
/** @import { By } from "./period.js" */

const number = (/** @type {number} */ count) => count.toLocaleString("en-PK");

/** Returns the name of a row: a month, a day of the week, or a venue. */
export function nameOfRow(/** @type {string} */ key, /** @type {By} */ by, /** @type {Venue[]} */ venues) {
  if (by === "month") return monthName(key);
  if (by === "weekday") return weekdayName(dayOfWeekday(key));
  return venues.find(({ id }) => id === key)?.venue_name ?? figureWords.value.deleted;
}

/** Returns the rows of a chart: without the months before the first and after the last one that has something to show. */
export function trimRows(/** @type {FigureRow[]} */ rows, /** @type {By} */ by) {
  const has = (/** @type {FigureRow} */ { offered, booked, pending }) => offered + booked + pending > 0;
  return by === "month" ? rows.slice(rows.findIndex(has), rows.findLastIndex(has) + 1) : rows;
}

/** Returns "42%", or a dash where nothing was offered. */
export const percentOf = (/** @type {number | null} */ share) => (share === null ? figureWords.value.none : `${Math.round(share * 100)}%`);

/** Returns the bars of the days. A booked day is an offered day, and a request stands on one. */
export function daysBars(/** @type {FigureRow[]} */ rows, /** @type {(key: string) => string} */ nameOf) {
  /** @type {Bar[]} */
  const bars = rows.map(({ key, offered, booked, pending, occupancy }) => ({
    key, label: nameOf(key), track: offered, parts: [{ kind: "booked", size: booked }, { kind: "pending", size: pending }],
    value: occupancy === null ? figureWords.value.none : `${figureWords.value.ofDays(booked, offered)} · ${percentOf(occupancy)}`,
  }));
  return { bars, max: Math.max(1, ...rows.map(({ offered, booked, pending }) => Math.max(offered, booked + pending))) };
}

/** Returns the bars of the agreed prices. */
export function revenueBars(/** @type {FigureRow[]} */ rows, /** @type {(key: string) => string} */ nameOf) {
  /** @type {Bar[]} */
  const bars = rows.map(({ key, revenue_locked: sum }) => ({ key, label: nameOf(key), value: sum ? shortRupees(sum) : figureWords.value.none, parts: [{ kind: "revenue", size: sum }] }));
  return { bars, max: Math.max(1, ...rows.map(({ revenue_locked }) => revenue_locked)) };
}

/** Returns the cells of a row of the table, in the order of its columns. */
export function cellsOf(/** @type {Figures} */ { offered, booked, occupancy, pending, revenue_locked, guests, lead_days_median: lead, cancelled }) {
  return [number(offered), number(booked), percentOf(occupancy), number(pending), rupees(revenue_locked), number(guests), lead === null ? figureWords.value.none : number(lead), describeCancelled(cancelled)];
}

/** Returns "3 (2 by guests, 1 not answered)". */
function describeCancelled(/** @type {Figures["cancelled"]} */ counts) {
  const w = figureWords.value;
  const sides = /** @type {const} */ (["guest", "owner", "expiry", "unknown"]);
  const sum = sides.reduce((total, side) => total + counts[side], 0);
  const named = sides.filter((side) => counts[side]).map((side) => (language.value === "ur" ? `${w.cancelledBy[side]} ${counts[side]}` : `${counts[side]} ${w.cancelledBy[side]}`));
  return sum ? `${sum} (${named.join(words.value.common.comma)})` : "0";
}
