// The address of the page of a venue, and where the venue is, in short.
/** @import { Wish } from "./wish.js" */

/** Returns the last two parts of an address, which people here write as locality and city. */
export const localityOf = (/** @type {string} */ address) => address.split(",").slice(-2).join(",").trim();

/** Returns the address of the page of a venue, for the day and the guests of a wish. */
export function venueLink(/** @type {string} */ id, /** @type {Partial<Pick<Wish, "date" | "guests">>} */ { date, guests }) {
  const query = new URLSearchParams({ ...(date && { date }), ...(guests && { guests: String(guests) }) });
  return `/hall/${id}${query.size ? `?${query}` : ""}`;
}
