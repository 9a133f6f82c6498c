// What a map shows below its pins: the operator's tiles, or else coast, rivers and names of places from our own files.
import { effect } from "../vendor/ui.js";
import { placeName, places } from "../places.js";
import { fileAddress, setting } from "../settings.js";
/** @import { Place } from "../places.js" */
/** @import { Leaflet, LeafletMap } from "./leaflet.js" */
/** @typedef {[number, number][]} Line longitudes and latitudes, as in GeoJSON */

const LARGE_CITIES = ["karachi", "lahore", "islamabad", "multan", "peshawar", "quetta", "faisalabad", "sukkur", "hyderabad"];
const ALL_CITIES_ZOOM = 8;
const LOCALITIES_ZOOM = 10;
const NO_CITIES_ZOOM = 13;
// The room that a name needs, in pixels.
const NAME_WIDTH = 104;
const NAME_HEIGHT = 26;
const MAX_TILE_ZOOM = 19;

/** Draws the base map. Returns a function that stops it. */
export async function drawBaseMap(/** @type {Leaflet} */ L, /** @type {LeafletMap} */ map) {
  const tiles = setting("map-tiles");
  if (tiles) {
    L.tileLayer(tiles, { maxZoom: MAX_TILE_ZOOM }).addTo(map);
    return () => {};
  }
  const stop = drawNames(L, map);
  // Without the coast, the names still show where a venue is.
  await drawLand(L, map).catch(() => {});
  return stop;
}

async function drawLand(/** @type {Leaflet} */ L, /** @type {LeafletMap} */ map) {
  const response = await fetch(fileAddress("art/base-map.json"));
  /** @type {{ land: Line[], rivers: Line[] }} */
  const { land, rivers } = await response.json();
  const toLeaflet = (/** @type {Line} */ line) => line.map(([lng, lat]) => [lat, lng]);
  map.createPane("land").classList.add("land-pane");
  const options = { pane: "land", interactive: false, renderer: L.svg({ pane: "land", padding: 0.6 }) };
  L.polygon(land.map(toLeaflet), { ...options, className: "land", smoothFactor: 0.6 }).addTo(map);
  for (const river of rivers) L.polyline(toLeaflet(river), { ...options, className: "river" }).addTo(map);
}

/** Writes the names of the places, again after each move of the map and each change of the language. */
function drawNames(/** @type {Leaflet} */ L, /** @type {LeafletMap} */ map) {
  map.createPane("names").classList.add("names-pane");
  const names = L.layerGroup().addTo(map);
  const write = () => {
    names.clearLayers();
    for (const place of chooseNames(map)) {
      const name = Object.assign(document.createElement("span"), { textContent: shortName(place), className: place.city ? "locality" : "city" });
      L.marker([place.lat, place.lng], { pane: "names", interactive: false, keyboard: false, icon: L.divIcon({ className: "map-name", html: name, iconSize: [0, 0] }) }).addTo(names);
    }
  };
  map.on("moveend", write);
  const stop = effect(write);
  return () => {
    stop();
    map.off("moveend", write); // Leaflet reports a new size of the window later, even when the map is gone.
  };
}

/** Returns the places whose names have room in the window of the map. */
function chooseNames(/** @type {LeafletMap} */ map) {
  /** @type {Map<string, { place: Place, x: number, y: number }>} */
  const chosen = new Map();
  for (const place of places.value) {
    const name = shortName(place);
    if (chosen.has(name) || !fitsZoom(place, map.getZoom()) || !map.getBounds().contains([place.lat, place.lng])) continue;
    const { x, y } = map.latLngToContainerPoint([place.lat, place.lng]);
    const hasRoom = [...chosen.values()].every((other) => Math.abs(other.x - x) >= NAME_WIDTH || Math.abs(other.y - y) >= NAME_HEIGHT);
    if (hasRoom) chosen.set(name, { place, x, y });
  }
  return [...chosen.values()].map(({ place }) => place);
}

function fitsZoom(/** @type {Place} */ place, /** @type {number} */ zoom) {
  if (place.city) return zoom >= LOCALITIES_ZOOM;
  return zoom < NO_CITIES_ZOOM && (zoom >= ALL_CITIES_ZOOM || LARGE_CITIES.includes(place.id));
}

/** Returns "Gulshan-e-Iqbal" for each of its blocks. */
const shortName = (/** @type {Place} */ place) => placeName(place).replace(/ (Block|بلاک) .*$/, "");
