// Painting with a pointer: a click on a day, or a drag over several. With a finger, a drag that begins sideways paints.
import { useRef, useState } from "../vendor/ui.js";
/** @typedef {{ x: number, y: number, days: Set<string> }} Stroke */
/** @typedef {PointerEvent & { currentTarget: HTMLElement }} GridEvent */

const NO_DAYS = /** @type {Set<string>} */ (new Set());
/** A fast pointer jumps: between two events, the days are looked up at this distance, in pixels. */
const STEP = 8;

/** Returns the handlers of a grid, and the days that are touched at the moment. `onPaint` gets the days of a drag, or of a click. */
export function useStrokes(/** @type {(days: string[]) => void} */ onPaint) {
  const [days, setDays] = useState(NO_DAYS);
  const stroke = useRef(/** @type {Stroke | null} */ (null));
  const wasDrag = useRef(false);
  const end = () => {
    stroke.current = null;
    setDays(NO_DAYS);
  };
  const onPointerDown = (/** @type {GridEvent} */ { button, clientX: x, clientY: y, target }) => {
    const day = dayOf(/** @type {Element} */ (target));
    wasDrag.current = false;
    if (button === 0 && day) stroke.current = { x, y, days: new Set([day]) };
  };
  const onPointerMove = (/** @type {GridEvent} */ { currentTarget: grid, pointerId, clientX, clientY }) => {
    const current = stroke.current;
    if (!current) return;
    const size = current.days.size;
    for (const day of daysBetween(current, clientX, clientY, grid)) current.days.add(day);
    Object.assign(current, { x: clientX, y: clientY });
    if (current.days.size === size) return;
    // The release outside of the grid belongs to this drag, too.
    grid.setPointerCapture(pointerId);
    setDays(new Set(current.days));
  };
  const onPointerUp = () => {
    const touched = stroke.current?.days ?? NO_DAYS;
    wasDrag.current = touched.size > 1;
    end();
    if (wasDrag.current) onPaint([...touched].sort());
  };
  /** For the button of a day. After a drag, the click at its end is no other stroke. */
  const onClick = (/** @type {string[]} */ clicked) => {
    if (!wasDrag.current) onPaint(clicked);
    wasDrag.current = false;
  };
  return { days, onClick, handlers: { onPointerDown, onPointerMove, onPointerUp, onPointerCancel: end } };
}

/** Returns the day of the button in which an element stands, or null. */
const dayOf = (/** @type {Element | null} */ element) => element?.closest("[data-day]")?.getAttribute("data-day") ?? null;

/** Returns the days of the grid under the line from the last point of a stroke to a new one. */
function daysBetween(/** @type {Stroke} */ from, /** @type {number} */ x, /** @type {number} */ y, /** @type {HTMLElement} */ grid) {
  const steps = Math.max(1, Math.ceil(Math.hypot(x - from.x, y - from.y) / STEP));
  return Array.from({ length: steps }, (_, index) => {
    const share = (index + 1) / steps;
    const element = document.elementFromPoint(from.x + (x - from.x) * share, from.y + (y - from.y) * share);
    return grid.contains(element) ? dayOf(element) : null;
  }).filter((day) => day !== null);
}
