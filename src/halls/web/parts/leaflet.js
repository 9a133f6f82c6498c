// Loads Leaflet when the first map becomes visible: pages without a map do not pay for it.
import { fileAddress } from "../settings.js";
/** @typedef {any} Leaflet the library: it has no types of its own */
/** @typedef {any} LeafletMap */

/** @type {Promise<Leaflet> | undefined} */
let loading;

/** Returns Leaflet with its style sheet. After a failure, the next call tries again. @returns {Promise<Leaflet>} */
export function loadLeaflet() {
  loading ??= load().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load() {
  const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: fileAddress("vendor/leaflet.css") });
  const isStyled = new Promise((done, fail) => Object.assign(style, { onload: done, onerror: fail }));
  document.head.prepend(style); // Before our own styles, which replace some of its rules.
  // app.js has the Trusted Types policy that Leaflet needs at its start.
  await Promise.all([import("../vendor/leaflet.js"), isStyled]);
  return /** @type {{ L?: Leaflet }} */ (window).L;
}
