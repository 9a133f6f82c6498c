// The venues found, on a map: beside the list, or on a phone in its place.
import { h, html, useEffect, useRef, useState } from "../vendor/ui.js";
import { words } from "../words.js";
import { shortRupees } from "../money.js";
import { boundsOf, VenueMap } from "../parts/map.js";
import { priceOf } from "../parts/venue-card.js";
import { venueLink } from "../parts/venue-link.js";
/** @import { FoundVenue } from "../types.js" */
/** @import { Bounds } from "../parts/map.js" */
/** @import { Pin } from "../parts/map-pins.js" */
/** @import { Wish } from "../parts/wish.js" */
/** @typedef {{ wish: Wish, venues: FoundVenue[] | null, onSearch: (bbox: string) => void }} Props `venues` are null while the search runs */

const CITY_RINGS = [5, 10, 20];
const LOCALITY_RINGS = [1, 2, 5];
// How many venues the first window shows, so that "Show more venues" does not move the map.
const FIRST_VENUES = 20;
const KM_PER_DEGREE = 111.2;

export function ResultsMap(/** @type {Props} */ { wish, venues, onSearch }) {
  const w = words.value.results;
  const [moved, setMoved] = useState(/** @type {Bounds | null} */ (null));
  // While another search runs, the map stays as it is.
  const kept = useRef(/** @type {FoundVenue[] | undefined} */ (undefined));
  kept.current = venues ?? kept.current;
  const shown = kept.current ?? [];
  useEffect(() => setMoved(null), [wish.bbox, wish.place.id]);
  const { lat, lng } = wish.place;
  return html`
    ${h(VenueMap, { label: w.map, pins: shown.flatMap((venue) => makePin(venue, wish)), bounds: findBounds(wish, shown), rings: { lat, lng, km: wish.place.city ? LOCALITY_RINGS : CITY_RINGS }, onMove: setMoved })}
    ${moved && html`<p class="here"><button type="button" class="outline" onClick=${() => onSearch(moved.join())}>${w.searchHere}</button></p>`}`;
}

/** Returns the pin of a venue; none for a venue without a position. @returns {Pin[]} */
function makePin(/** @type {FoundVenue} */ venue, /** @type {Wish} */ wish) {
  const w = words.value;
  const points = pointsOf([venue]);
  const price = priceOf(venue, wish);
  const kind = venue.type ? w.kinds[venue.type] : w.venueKind;
  // Without the currency: a pin has little room.
  const text = price === null ? kind : shortRupees(price).replace(/^Rs | روپے$/, "");
  const label = `${venue.venue_name}, ${price === null ? kind : shortRupees(price)}`;
  return points.map((point) => ({ ...point, id: venue.id, text, label, href: venueLink(venue.id, wish) }));
}

/** Returns the positions of the venues that have one. */
function pointsOf(/** @type {FoundVenue[]} */ venues) {
  return venues.flatMap(({ maps_location: point }) => {
    const [lng, lat] = point?.coordinates ?? [];
    return lng === undefined || lat === undefined ? [] : [{ lat, lng }];
  });
}

/** Returns the window of the wish, or one around the place and the first venues. @returns {Bounds} */
function findBounds(/** @type {Wish} */ wish, /** @type {FoundVenue[]} */ venues) {
  if (wish.bbox) return /** @type {Bounds} */ (wish.bbox.split(",").map(Number));
  const points = pointsOf(venues.slice(0, FIRST_VENUES));
  const nearest = (wish.place.city ? LOCALITY_RINGS : CITY_RINGS)[0] ?? 0;
  return boundsOf(points.length ? [wish.place, ...points] : [wish.place], points.length ? 0 : nearest / KM_PER_DEGREE);
}
