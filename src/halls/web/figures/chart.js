// A chart of horizontal bars: the name and the value stand as text above each bar, so that long names fit on a phone.
import { html } from "../vendor/ui.js";
import { direction } from "../words.js";
/** @typedef {{ kind: string, size: number }} Part a piece of a bar, one after the other; `kind` is its class */
/** @typedef {{ key: string, label: string, value: string, parts: Part[], track?: number }} Bar `track`: the length of the line behind the bar */

const HEIGHT = 12;

/** `max` is the number that fills the width. A screen reader reads the names and the values; the bars are for the eye. */
export function Chart(/** @type {{ bars: Bar[], max: number }} */ { bars, max }) {
  return html`
    <ul class="chart">
      ${bars.map(({ key, label, value, parts, track = 0 }) => html`
        <li key=${key}>
          <p><bdi>${label}</bdi><span>${value}</span></p>
          <svg aria-hidden="true" width="100%" height=${HEIGHT}>${Piece({ kind: "track", size: track }, 0, max)}${Pieces(parts, max)}</svg>
        </li>`)}
    </ul>`;
}

function Pieces(/** @type {Part[]} */ parts, /** @type {number} */ max) {
  let start = 0;
  return parts.map((part) => {
    const piece = Piece(part, start, max);
    start += part.size;
    return piece;
  });
}

/** SVG has no text direction: in Urdu, the bars begin at the right. */
function Piece(/** @type {Part} */ { kind, size }, /** @type {number} */ start, /** @type {number} */ max) {
  if (size <= 0) return null;
  const [x, width] = [(start / max) * 100, (size / max) * 100];
  return html`<rect key=${kind} class=${kind} x=${`${direction.value === "rtl" ? 100 - x - width : x}%`} y="0" width=${`${width}%`} height=${HEIGHT} rx="3" />`;
}
