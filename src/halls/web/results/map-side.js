// The side of the results page with the map. Its modules load after the list, and on a phone only when it is shown.
import { h, html, useEffect, useState } from "../vendor/ui.js";
/** @import { Props } from "./results-map.js" */
/** @typedef {typeof import("./results-map.js")} MapModule */

const WIDE = "(min-width: 64rem)";

export function MapSide(/** @type {Props & { isShown: boolean }} */ { isShown, ...props }) {
  const [module, setModule] = useState(/** @type {MapModule | null} */ (null));
  useEffect(() => {
    if (isShown || matchMedia(WIDE).matches) import("./results-map.js").then(setModule).catch(() => {});
  }, [isShown]);
  return html`<div class="map-side">${module && h(module.ResultsMap, props)}</div>`;
}
