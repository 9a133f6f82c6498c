// The pins of a map: links with a short text. A pin without room becomes a dot until the map is closer.
import { litVenue } from "./venue-card.js";
/** @import { Leaflet, LeafletMap } from "./leaflet.js" */
/**
 * @typedef {object} Pin
 * @property {string} id the id of the venue
 * @property {number} lat
 * @property {number} lng
 * @property {string} text what the pin shows, such as a price
 * @property {string} label what a screen reader says: with the name of the venue
 * @property {string} [href] the page that it links to. Without one, it is no link
 */

// The room that a pin needs, in pixels.
const PIN_WIDTH = 84;
const PIN_HEIGHT = 34;

/** Draws the pins in the order of the list. Returns their layer. */
export function drawPins(/** @type {Leaflet} */ L, /** @type {LeafletMap} */ map, /** @type {Pin[]} */ pins) {
  const layer = L.layerGroup().addTo(map);
  for (const pin of pins) {
    const element = makePin(pin);
    // Leaflet gets an element and no HTML text: Trusted Types forbid that.
    L.marker([pin.lat, pin.lng], { keyboard: false, icon: L.divIcon({ className: "pin-place", html: element, iconSize: [0, 0] }) }).addTo(layer);
  }
  thinOut(map, pins);
  return layer;
}

function makePin(/** @type {Pin} */ { id, text, label, href }) {
  const element = document.createElement(href ? "a" : "span");
  element.append(Object.assign(document.createElement("span"), { textContent: text }));
  element.className = "pin";
  element.dataset.venue = id;
  if (!href) return element;
  element.setAttribute("href", href);
  element.setAttribute("aria-label", label);
  for (const event of ["mouseenter", "focus"]) element.addEventListener(event, () => { litVenue.value = id; });
  for (const event of ["mouseleave", "blur"]) element.addEventListener(event, () => { litVenue.value = ""; });
  return element;
}

/** Makes each pin a dot that would cover an earlier one. A dot is no link: it is too small for a finger, and the card of its venue is one. */
export function thinOut(/** @type {LeafletMap} */ map, /** @type {Pin[]} */ pins) {
  /** @type {{ x: number, y: number }[]} */
  const shown = [];
  for (const { id, lat, lng, href } of pins) {
    const element = findPin(map, id);
    const { x, y } = map.latLngToContainerPoint([lat, lng]);
    const isDot = shown.some((other) => Math.abs(other.x - x) < PIN_WIDTH && Math.abs(other.y - y) < PIN_HEIGHT);
    element?.classList.toggle("dot", isDot);
    if (!isDot) shown.push({ x, y });
    if (!href) continue;
    element?.setAttribute("aria-hidden", String(isDot));
    if (isDot) element?.removeAttribute("href");
    else element?.setAttribute("href", href);
  }
}

/** Lights up the pin of a venue, and no other. */
export function lightPin(/** @type {LeafletMap} */ map, /** @type {string} */ id) {
  for (const element of map.getContainer().querySelectorAll(".pin")) element.classList.toggle("lit", element.dataset.venue === id);
}

/** @returns {HTMLElement | null} */
const findPin = (/** @type {LeafletMap} */ map, /** @type {string} */ id) => map.getContainer().querySelector(`.pin[data-venue="${id}"]`);
