// A month of days as a grid with one tab stop: its head, its weeks, and its keys (ARIA Authoring Practices).
import { html, useLayoutEffect, useRef } from "../vendor/ui.js";
import { direction, words } from "../words.js";
import { addDays, addMonths, dayNumber, daysOf, islamicMonths, monthName, monthOf, weekday, weekdayName } from "../days.js";
import { Icon } from "../icon.js";

const A_MONDAY = "2024-01-01";
const WEEK = [0, 1, 2, 3, 4, 5, 6];

/** Returns the days of a month by weeks. Null stands before the first day and after the last one. */
export function weeksOf(/** @type {string} */ month) {
  const days = daysOf(month);
  const blanks = weekday(days[0] ?? "");
  return Array.from({ length: Math.ceil((blanks + days.length) / 7) }, (_, row) => WEEK.map((slot) => days[row * 7 + slot - blanks] ?? null));
}

/** Returns the short names of the days of the week, Monday first. */
export const weekdayNames = () => WEEK.map((day) => weekdayName(addDays(A_MONDAY, day)));

/** The head of a month: its name, its Islamic months, and buttons to the months beside it. */
export function MonthHead(/** @type {{ month: string, isFirst?: boolean, isLast?: boolean, onTurn: (months: number) => void }} */ { month, isFirst = false, isLast = false, onTurn }) {
  const w = words.value.venue;
  return html`
    <div class="month">
      <button type="button" class="round" aria-label=${w.previousMonth} disabled=${isFirst} onClick=${() => onTurn(-1)}>${Icon("chevron-left")}</button>
      <p aria-live="polite"><b>${monthName(month)}</b><small title=${w.moon}>${Icon("moon")}${islamicMonths(month)}</small></p>
      <button type="button" class="round" aria-label=${w.nextMonth} disabled=${isLast} onClick=${() => onTurn(1)}>${Icon("chevron-right")}</button>
    </div>`;
}

/**
 * Moves the tab stop by keys: arrows by days and weeks, Home and End within the week, PageUp and PageDown by months.
 * `onMove` gets the day, and whether Shift was pressed. No key leads before `first`.
 * @param {string} current @param {string} first @param {(day: string, isExtended: boolean) => void} onMove
 */
export function useGridKeys(current, first, onMove) {
  const grid = useRef(/** @type {HTMLElement | null} */ (null));
  const hasMoved = useRef(false);
  // Before the next key: Enter would choose the day before it.
  useLayoutEffect(() => {
    const target = hasMoved.current && grid.current?.querySelector(`[data-day="${current}"]`);
    if (target instanceof HTMLElement) target.focus();
    hasMoved.current = false;
  }, [current]);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const target = dayOfKey(event.key, current);
    if (!target) return;
    event.preventDefault();
    const next = clampDay(target, first);
    if (next === current) return;
    hasMoved.current = true;
    onMove(next, event.shiftKey);
  };
  return { grid, onKeyDown };
}

/** Returns the day to which a key leads, or null for another key. In Urdu, the days run from right to left. */
function dayOfKey(/** @type {string} */ key, /** @type {string} */ day) {
  const right = direction.value === "rtl" ? -1 : 1;
  const steps = /** @type {Record<string, number>} */ ({ ArrowLeft: -right, ArrowRight: right, ArrowUp: -7, ArrowDown: 7, Home: -weekday(day), End: 6 - weekday(day) });
  if (key in steps) return addDays(day, steps[key] ?? 0);
  if (key !== "PageUp" && key !== "PageDown") return null;
  const days = daysOf(addMonths(monthOf(day), key === "PageUp" ? -1 : 1));
  return days[Math.min(Number(dayNumber(day)), days.length) - 1] ?? null;
}

/** Returns the day, or `first` for a day before it. */
export const clampDay = (/** @type {string} */ day, /** @type {string} */ first) => (day < first ? first : day);
