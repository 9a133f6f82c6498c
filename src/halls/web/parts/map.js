// A map with venues as pins. It loads when it becomes visible, and works without a tile server.
import { effect, html, useEffect, useRef, useState } from "../vendor/ui.js";
import { words } from "../words.js";
import { setting } from "../settings.js";
import { Icon } from "../icon.js";
import { drawBaseMap } from "./base-map.js";
import { loadLeaflet } from "./leaflet.js";
import { drawPins, lightPin, thinOut } from "./map-pins.js";
import { litVenue } from "./venue-card.js";
/** @import { Leaflet, LeafletMap } from "./leaflet.js" */
/** @import { Pin } from "./map-pins.js" */
/** @typedef {{ L: Leaflet, map: LeafletMap }} Drawn */
/** @typedef {[number, number, number, number]} Bounds west, south, east, north */
/** @typedef {{ lat: number, lng: number, km: number[] }} Rings circles around a place, each with its distance */
/**
 * @typedef {object} MapProps
 * @property {string} label what the map shows
 * @property {Pin[]} pins the venues. Later pins become dots where they would cover earlier ones
 * @property {Bounds} bounds the window to show. The map moves when it changes
 * @property {Rings} [rings]
 * @property {boolean} [isFixed] it stays: a finger or the wheel on it scrolls the page
 * @property {(bounds: Bounds) => void} [onMove] gets the window after a person has moved the map
 */

const LOAD_BEFORE = "300px";
const KM_PER_DEGREE = 111.2;
const PADDING = 56;
const MAX_ZOOM = 15;
const FIT_ZOOM = 13;
const BASE_MAP = [[20, 57], [40, 81]];
const INPUTS = ["pointerdown", "wheel", "keydown"];

export function VenueMap(/** @type {MapProps} */ { label, pins, bounds, rings, isFixed = false, onMove }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const moved = useRef(onMove);
  moved.current = onMove;
  const drawn = useMap(box, isFixed, moved);
  usePins(drawn, pins);
  useRings(drawn, rings);
  useEffect(() => (drawn ? keepBounds(drawn.map, bounds) : undefined), [drawn, bounds.join()]);
  return MapFrame({ label, box, drawn });
}

/** The box of a map, with our own buttons and credit. */
export function MapFrame(/** @type {{ label: string, box: { current: HTMLElement | null }, drawn: Drawn | null }} */ { label, box, drawn }) {
  const w = words.value.results;
  const zoom = (/** @type {number} */ by) => drawn?.map.setZoom(drawn.map.getZoom() + by);
  return html`
    <section class="map" aria-label=${label}>
      <div class="ground" ref=${box}></div>
      <div class="zoom">
        <button type="button" aria-label=${w.zoomIn} onClick=${() => zoom(1)}>${Icon("plus")}</button>
        <button type="button" aria-label=${w.zoomOut} onClick=${() => zoom(-1)}>${Icon("minus")}</button>
      </div>
      <p class="credit">${setting("map-credit") || w.mapCredit}</p>
    </section>`;
}

/** Makes the map when its box becomes visible. @returns {Drawn | null} */
export function useMap(/** @type {{ current: HTMLElement | null }} */ box, /** @type {boolean} */ isFixed, /** @type {{ current?: MapProps["onMove"] }} */ moved) {
  const [drawn, setDrawn] = useState(/** @type {Drawn | null} */ (null));
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    /** @type {(() => void)[]} */
    const cleanup = [];
    let isGone = false;
    const make = async () => {
      const L = await loadLeaflet();
      if (isGone) return;
      const map = makeMap(L, element, isFixed);
      cleanup.push(() => map.remove());
      followPerson(map, () => moved.current?.(readBounds(map)));
      cleanup.push(await drawBaseMap(L, map));
      if (!isGone) setDrawn({ L, map });
    };
    const sight = new IntersectionObserver(([entry]) => {
      if (!entry?.isIntersecting) return;
      sight.disconnect();
      make().catch(() => sight.observe(element));
    }, { rootMargin: LOAD_BEFORE });
    sight.observe(element);
    return () => {
      isGone = true;
      sight.disconnect();
      for (const stop of cleanup.reverse()) stop();
    };
  }, []);
  return drawn;
}

/** @returns {LeafletMap} */
function makeMap(/** @type {Leaflet} */ L, /** @type {HTMLElement} */ element, /** @type {boolean} */ isFixed) {
  const isTouch = matchMedia("(pointer: coarse)").matches;
  const map = L.map(element, {
    // Leaflet writes its own buttons and credit with innerHTML, which Trusted Types forbid.
    zoomControl: false, attributionControl: false, minZoom: 5, maxZoom: MAX_ZOOM, zoomSnap: 0.5,
    maxBounds: setting("map-tiles") ? undefined : BASE_MAP,
    scrollWheelZoom: !isFixed, dragging: !(isFixed && isTouch), keyboard: false,
  });
  map.setView([30, 69], 5);
  return map;
}

/** Calls `onMove` after a move that began with an input in the section of the map, and not after the page's own moves. */
function followPerson(/** @type {LeafletMap} */ map, /** @type {() => void} */ onMove) {
  let isPerson = false;
  for (const input of INPUTS) map.getContainer().parentElement.addEventListener(input, () => { isPerson = true; }, { passive: true });
  map.on("moveend", () => {
    if (isPerson) onMove();
    isPerson = false;
  });
}

function usePins(/** @type {Drawn | null} */ drawn, /** @type {Pin[]} */ pins) {
  useEffect(() => {
    if (!drawn) return undefined;
    const { L, map } = drawn;
    const layer = drawPins(L, map, pins);
    const thin = () => thinOut(map, pins);
    map.on("zoomend", thin);
    const stop = effect(() => lightPin(map, litVenue.value));
    return () => {
      stop();
      map.off("zoomend", thin);
      layer.remove();
    };
  }, [drawn, JSON.stringify(pins)]);
}

/** Draws the rings: on a map without streets, they show distances. */
function useRings(/** @type {Drawn | null} */ drawn, /** @type {Rings | undefined} */ rings) {
  const w = words.value;
  useEffect(() => {
    if (!drawn || !rings) return undefined;
    const { L, map } = drawn;
    const layer = L.layerGroup().addTo(map);
    for (const km of rings.km) {
      L.circle([rings.lat, rings.lng], { radius: km * 1000, className: "ring", interactive: false, fill: false }).addTo(layer);
      const name = Object.assign(document.createElement("span"), { textContent: w.km(km) });
      L.marker([rings.lat + km / KM_PER_DEGREE, rings.lng], { interactive: false, keyboard: false, icon: L.divIcon({ className: "ring-name", html: name, iconSize: [0, 0] }) }).addTo(layer);
    }
    return () => layer.remove();
  }, [drawn, JSON.stringify(rings), w]);
}

/** Moves the map to a window, now and when its box was hidden: without a size it loses what it showed. Returns the function that stops this. */
function keepBounds(/** @type {LeafletMap} */ map, /** @type {Bounds} */ bounds) {
  let wasHidden = true;
  const sizes = new ResizeObserver(([entry]) => {
    const isHidden = !entry?.contentRect.width;
    if (wasHidden && !isHidden) showBounds(map, bounds);
    wasHidden = isHidden;
  });
  sizes.observe(map.getContainer());
  return () => sizes.disconnect();
}

/** Moves the map to a window, unless it shows just that. */
function showBounds(/** @type {LeafletMap} */ map, /** @type {Bounds} */ bounds) {
  map.invalidateSize();
  if (readBounds(map).join() === bounds.join()) return;
  const [west, south, east, north] = bounds;
  map.fitBounds([[south, west], [north, east]], { padding: [PADDING, PADDING], maxZoom: FIT_ZOOM, animate: false });
}

/** Returns the window of a map in degrees, rounded to about 10 m. @returns {Bounds} */
function readBounds(/** @type {LeafletMap} */ map) {
  const { _southWest: southWest, _northEast: northEast } = map.getBounds();
  const round = (/** @type {number} */ degrees) => Math.round(degrees * 1e4) / 1e4;
  return [round(southWest.lng), round(southWest.lat), round(northEast.lng), round(northEast.lat)];
}

/** Returns the smallest window around points, or around one point with `reach` degrees on each side. @returns {Bounds} */
export function boundsOf(/** @type {{ lat: number, lng: number }[]} */ points, reach = 0) {
  const [lats, lngs] = [points.map(({ lat }) => lat), points.map(({ lng }) => lng)];
  return [Math.min(...lngs) - reach, Math.min(...lats) - reach, Math.max(...lngs) + reach, Math.max(...lats) + reach];
}
