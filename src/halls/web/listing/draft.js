// What an owner has typed about a venue, as texts: read from a venue, and written as the API expects it.
import { AMENITIES } from "../parts/wish.js";
/** @import { Amenity, NewVenue, Venue } from "../types.js" */
/** @typedef {{ lat: number, lng: number }} Point */
/**
 * @typedef {object} Draft
 * @property {string} venue_name
 * @property {string} type a VenueType, or empty
 * @property {string} capacity
 * @property {string} space_sqft
 * @property {Point | null} place where the pin is
 * @property {string} address
 * @property {string[]} pictures the addresses of stored photographs, the cover first
 * @property {Amenity[]} amenities
 * @property {string} additional_description
 * @property {string} hold_hours
 * @property {string} terms
 */
/** @typedef {Required<Pick<NewVenue, "venue_name" | "type" | "capacity" | "space_sqft" | "maps_location" | "address" | "pictures" | "amenities" | "additional_description" | "booking_rules">>} Fields what the API gets */

/** @type {Draft} */
export const EMPTY = {
  venue_name: "", type: "", capacity: "", space_sqft: "", place: null, address: "", pictures: [], amenities: [],
  additional_description: "", hold_hours: "", terms: "",
};

/** Returns the draft of a stored venue. @returns {Draft} */
export function draftOf(/** @type {Venue} */ venue) {
  const [lng = 0, lat = 0] = venue.maps_location?.coordinates ?? [];
  return {
    venue_name: venue.venue_name, type: venue.type ?? "", capacity: textOf(venue.capacity), space_sqft: textOf(venue.space_sqft),
    place: venue.maps_location && { lat, lng }, address: venue.address, pictures: venue.pictures,
    amenities: AMENITIES.filter((name) => venue.amenities[name]), additional_description: venue.additional_description,
    hold_hours: textOf(venue.booking_rules.hold_hours), terms: venue.booking_rules.terms ?? "",
  };
}

const textOf = (/** @type {number | null} */ number) => (number === null ? "" : String(number));

/** Returns a draft as fields of the API. An empty field is null: it counts as absent in a new venue, and is cleared in a stored one. @returns {Fields} */
export function fieldsOf(/** @type {Draft} */ draft) {
  const fields = {
    venue_name: draft.venue_name.trim() || null, type: draft.type || null, capacity: readNumber(draft.capacity), space_sqft: readNumber(draft.space_sqft),
    maps_location: draft.place, address: draft.address.trim() || null, pictures: draft.pictures,
    amenities: Object.fromEntries(AMENITIES.map((name) => [name, draft.amenities.includes(name)])),
    additional_description: draft.additional_description.trim() || null,
    booking_rules: { hold_hours: readNumber(draft.hold_hours), terms: draft.terms.trim() || null },
  };
  return /** @type {any} */ (fields); // The API says what is wrong with a missing or an unreadable value.
}

/** Returns the number in a text such as "1,200", null for an empty one. A text without a number stays, for the API to name. */
export function readNumber(/** @type {string} */ text) {
  const plain = text.replace(/[,\s٬]/g, "").replace(/[٠-٩۰-۹]/g, (digit) => String(digit.charCodeAt(0) & 0xf));
  return plain === "" || Number.isNaN(Number(plain)) ? plain || null : Number(plain);
}

/** Returns the fields in which a draft differs from another one. @returns {Partial<Fields>} */
export function changesOf(/** @type {Draft} */ before, /** @type {Draft} */ after) {
  const [old, next] = [fieldsOf(before), fieldsOf(after)];
  return Object.fromEntries(Object.entries(next).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(old[/** @type {keyof Fields} */ (name)])));
}

/**
 * Brings a draft up to date after the venue was changed elsewhere: what was typed here stays, the rest is replaced.
 * `differing` are the fields that were changed here and, differently, elsewhere.
 */
export function mergeDrafts(/** @type {Draft} */ base, /** @type {Draft} */ mine, /** @type {Draft} */ theirs) {
  const names = /** @type {(keyof Draft)[]} */ (Object.keys(mine));
  const differs = (/** @type {Draft} */ one, /** @type {Draft} */ other, /** @type {keyof Draft} */ name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]);
  const typed = names.filter((name) => differs(base, mine, name));
  const draft = /** @type {Draft} */ ({ ...theirs, ...Object.fromEntries(typed.map((name) => [name, mine[name]])) });
  return { draft, differing: typed.filter((name) => differs(base, theirs, name) && differs(mine, theirs, name)) };
}
