// Cities and their localities by name, in both scripts, from a list of our own.
import { signal } from "./vendor/ui.js";
import { language } from "./words.js";
import { fileAddress } from "./settings.js";
/** @typedef {{ id: string, name: string, urdu: string, lat: number, lng: number, city?: string }} Place `city`: the id of a locality's city. */

const CITY_KM = 30;
const LOCALITY_KM = 6;
const RETRY_MS = 3000;
/** The places; empty until the list is loaded. */
export const places = signal(/** @type {Place[]} */ ([]));

loadPlaces();

/** Loads the list. The pages of a search wait for it, so a failed load is tried again. */
async function loadPlaces() {
  try {
    const rows = await (await fetch(fileAddress("art/places.json"))).json();
    places.value = rows.map((/** @type {[string, string, string, number, number, string?]} */ [id, name, urdu, lat, lng, city]) => ({ id, name, urdu, lat, lng, city }));
  } catch {
    setTimeout(loadPlaces, RETRY_MS);
  }
}

export const findPlace = (/** @type {string | null | undefined} */ id) => places.value.find((place) => place.id === id);
export const placeName = (/** @type {Place} */ place) => (language.value === "ur" ? place.urdu : place.name);
/** The radius of a search around a place, in km. */
export const reachOf = (/** @type {Place} */ place) => (place.city ? LOCALITY_KM : CITY_KM);

/** Returns "Saddar, Karachi". */
export function placeLabel(/** @type {Place} */ place) {
  const city = findPlace(place.city);
  return city ? `${placeName(place)}, ${placeName(city)}` : placeName(place);
}

/** Finds a place by a text that somebody typed, in either script. */
export function findPlaceByText(/** @type {string} */ text) {
  const wanted = text.trim().toLowerCase();
  const named = (/** @type {(name: string) => boolean} */ fits) => places.value.find((place) => fits(place.name.toLowerCase()) || fits(place.urdu));
  return places.value.find((place) => placeLabel(place).toLowerCase() === wanted)
    ?? named((name) => name === wanted)
    ?? (wanted ? named((name) => name.includes(wanted)) : undefined);
}

/** Returns the place whose middle is nearest to a point, or undefined before the list is loaded. */
export function nearestPlace(/** @type {{ lat: number, lng: number }} */ { lat, lng }) {
  // Degrees of longitude are shorter than those of latitude. Over a few kilometres this is exact enough.
  const width = Math.cos((lat * Math.PI) / 180);
  const distance = (/** @type {Place} */ place) => Math.hypot(place.lat - lat, (place.lng - lng) * width);
  return places.value.reduce((/** @type {Place | undefined} */ best, place) => (best && distance(best) <= distance(place) ? best : place), undefined);
}
