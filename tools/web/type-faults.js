// Errors on purpose, which tsc must find: `make web-types` fails if a line after a directive has no error.
import { h } from "../../src/halls/web/vendor/ui.js";
import { create, read } from "../../src/halls/web/api.js";
import { VenueCard } from "../../src/halls/web/parts/venue-card.js";
/** @import { FoundVenue } from "../../src/halls/web/types.js" */

export async function findFaults(/** @type {FoundVenue} */ venue) {
  // @ts-expect-error A field that the API does not have.
  venue.venue_title;
  // @ts-expect-error The name of a parameter is misspelt.
  await read("/venues/search", { query: { near_latitude: 24.86 } });
  // @ts-expect-error This order does not exist.
  await read("/venues/search", { query: { sort: "cheapest" } });
  // @ts-expect-error There is no such path.
  await read("/venue/search", { query: {} });
  // @ts-expect-error The number of guests is a number.
  await create("/bookings", { venue_id: venue.id, date: "2027-02-14", guests: "many" });
  // @ts-expect-error A component gets a prop that it needs.
  h(VenueCard, { venue });
}
