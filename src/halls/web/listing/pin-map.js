// A map with one pin: it is moved by dragging, by a tap on the map, or with the arrow keys.
import { useEffect, useRef } from "../vendor/ui.js";
import { MapFrame, useMap } from "../parts/map.js";
/** @import { Leaflet, LeafletMap } from "../parts/leaflet.js" */
/** @import { Point } from "./draft.js" */
/** @typedef {{ label: string, pinLabel: string, helpId: string, place: Point | null, onMove: (place: Point) => void }} Props `helpId`: the text that says how the pin is moved. */

const CLOSE_ZOOM = 13;
const METRES_PER_DEGREE = 111_200;
const STEP_METRES = 50;
const SMALL_STEP_METRES = 10;
const ARROWS = /** @type {Record<string, [number, number]>} */ ({ ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] });

export function PinMap(/** @type {Props} */ props) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const latest = useRef(props);
  latest.current = props;
  const drawn = useMap(box, true, useRef(undefined));
  const marker = useRef(/** @type {any} */ (null));
  // The places to which this map moved the pin. The pin is there already, or further: a key can come before the page is drawn again.
  const own = useRef(/** @type {WeakSet<Point>} */ (new WeakSet()));
  const move = (/** @type {Point} */ { lat, lng }) => {
    const point = { lat: round(lat), lng: round(lng) };
    own.current.add(point);
    marker.current?.setLatLng(point);
    latest.current.onMove(point);
  };
  const { place, pinLabel, helpId } = props;
  useEffect(() => {
    if (!drawn) return undefined;
    const onClick = (/** @type {{ latlng: Point }} */ { latlng }) => move(latlng);
    drawn.map.on("click", onClick);
    return () => drawn.map.off("click", onClick);
  }, [drawn]);
  useEffect(() => {
    if (!drawn || !place) return;
    marker.current ??= makeMarker(drawn.L, drawn.map, place, move);
    const isOwn = own.current.has(place);
    if (!isOwn) marker.current.setLatLng(place);
    const pin = marker.current.getElement().querySelector("button");
    pin.setAttribute("aria-label", pinLabel);
    pin.setAttribute("aria-describedby", helpId);
    showPin(drawn.map, marker.current.getLatLng(), isOwn);
  }, [drawn, place?.lat, place?.lng, pinLabel]);
  return MapFrame({ label: props.label, box, drawn });
}

const round = (/** @type {number} */ degrees) => Math.round(degrees * 1e6) / 1e6;

function showPin(/** @type {LeafletMap} */ map, /** @type {Point} */ { lat, lng }, /** @type {boolean} */ isOwn) {
  map.invalidateSize();
  if (!isOwn) map.setView([lat, lng], CLOSE_ZOOM, { animate: false });
  else if (!map.getBounds().pad(-0.15).contains([lat, lng])) map.panTo([lat, lng], { animate: false });
}

/** Makes the marker. Its pin is a button, so that the keyboard reaches it. */
function makeMarker(/** @type {Leaflet} */ L, /** @type {LeafletMap} */ map, /** @type {Point} */ { lat, lng }, /** @type {(place: Point) => void} */ move) {
  const pin = Object.assign(document.createElement("button"), { type: "button", className: "place-pin" });
  pin.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault(); // Otherwise the page would scroll.
    move(moveBy(marker.getLatLng(), arrow, event.shiftKey ? SMALL_STEP_METRES : STEP_METRES));
  });
  const icon = L.divIcon({ className: "pin-place", html: pin, iconSize: [0, 0] });
  const marker = L.marker([lat, lng], { icon, draggable: true, autoPan: true, keyboard: false }).addTo(map);
  marker.on("dragend", () => {
    move(marker.getLatLng());
    pin.focus({ preventScroll: true });
  });
  return marker;
}

/** Returns the place so many metres north and east of another one. */
export function moveBy(/** @type {Point} */ { lat, lng }, /** @type {[number, number]} */ [north, east], /** @type {number} */ metres) {
  const degrees = metres / METRES_PER_DEGREE;
  return { lat: lat + north * degrees, lng: lng + (east * degrees) / Math.cos((lat * Math.PI) / 180) };
}
