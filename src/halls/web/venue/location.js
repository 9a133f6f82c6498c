// Where a venue is: its address, and a map that loads after the rest of the page.
import { h, html, useEffect, useState } from "../vendor/ui.js";
import { words } from "../words.js";
/** @import { Venue } from "../types.js" */
/** @typedef {typeof import("../parts/map.js")} MapModule */

// About 4 km on each side.
const REACH = 0.04;

export function Location(/** @type {{ venue: Venue, point: NonNullable<Venue["maps_location"]> }} */ { venue, point }) {
  const w = words.value.venue;
  const [map, setMap] = useState(/** @type {MapModule | null} */ (null));
  // Without the map, the address is there.
  useEffect(() => { import("../parts/map.js").then(setMap).catch(() => {}); }, []);
  const [lng = 0, lat = 0] = point.coordinates;
  const pin = { id: venue.id, lat, lng, text: venue.venue_name, label: venue.venue_name };
  return html`
    <section class="location" aria-labelledby="location">
      <h2 id="location">${w.location}</h2>
      <p class="muted"><bdi>${venue.address}</bdi></p>
      ${map ? h(map.VenueMap, { label: w.map, pins: [pin], bounds: map.boundsOf([pin], REACH), isFixed: true }) : html`<div class="map"></div>`}
    </section>`;
}
