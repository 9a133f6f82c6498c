// What a guest looks for: read from the address, and written as a query of the API.
import { findPlace, reachOf } from "../places.js";
import { addDays, isDay, today } from "../days.js";
/** @import { Amenity, VenueType } from "../types.js" */
/** @import { Place } from "../places.js" */
/** @typedef {"price" | "distance" | "-capacity" | "newest"} Sort */
/**
 * @typedef {object} Wish
 * @property {Place} place where
 * @property {string | null} bbox a window of the map, which replaces the place: west,south,east,north
 * @property {string | null} date the day
 * @property {number} flex how many days before and after it are fine too
 * @property {boolean} isWeekendOnly of these days, only Friday to Sunday
 * @property {number | null} guests how many
 * @property {number | null} budget the highest price of the day, in PKR
 * @property {VenueType | null} type the kind of venue
 * @property {Amenity[]} amenities what it must have
 * @property {string} text words of its name or address
 * @property {Sort} sort the order
 */

export const KINDS = /** @type {const} */ (["Hall", "Banquet", "Lawn", "Auditorium"]);
export const AMENITIES = /** @type {const} */ (["parking_valet", "entry_package", "water", "air_conditioner", "partition_facility", "sound_system"]);
export const FLEX_DAYS = [3, 7, 15];
export const WEEKEND = "fri,sat,sun";
const DEFAULT_PLACE = "karachi";
const PAGE_SIZE = 20;
const MIN_WORD = 2;
const BBOX = /^-?[\d.]+(,-?[\d.]+){3}$/;

/** Reads the wish from the query of the address. What makes no sense counts as absent. Null until the places are loaded. @returns {Wish | null} */
export function readWish(/** @type {URLSearchParams} */ query) {
  const place = findPlace(query.get("place")) ?? findPlace(DEFAULT_PLACE);
  if (!place) return null;
  const day = query.get("date");
  const date = isDay(day) && (day ?? "") > today() ? day : null;
  const bbox = BBOX.test(query.get("bbox") ?? "") ? query.get("bbox") : null;
  const text = query.get("q")?.trim() ?? "";
  const amenities = (query.get("amenities") ?? "").split(",");
  const wish = {
    place, bbox, date,
    flex: date ? FLEX_DAYS.find((days) => String(days) === query.get("flex")) ?? 0 : 0,
    isWeekendOnly: date !== null && query.get("weekdays") === WEEKEND,
    guests: readCount(query.get("guests")),
    budget: readCount(query.get("budget")),
    type: KINDS.find((kind) => kind === query.get("type")) ?? null,
    amenities: AMENITIES.filter((name) => amenities.includes(name)),
    text: text.length >= MIN_WORD ? text : "",
  };
  const sorts = listSorts(wish);
  return { ...wish, sort: sorts.find((sort) => sort === query.get("sort")) ?? sorts[0] ?? "newest" };
}

function readCount(/** @type {string | null} */ text) {
  const count = Math.floor(Number(text));
  return count > 0 ? count : null;
}

/** Returns the orders that the API offers for a wish, the usual one first. @returns {Sort[]} */
export function listSorts(/** @type {Pick<Wish, "date" | "flex" | "bbox">} */ { date, flex, bbox }) {
  if (bbox) return date && !flex ? ["price", "-capacity", "newest"] : ["-capacity", "newest"];
  return date ? ["price", "distance", "-capacity"] : ["distance", "-capacity"];
}

/** Returns the days from which a flexible wish chooses, without those that have passed. */
export function daysAround(/** @type {string} */ date, /** @type {number} */ count) {
  const tomorrow = addDays(today(), 1);
  const first = addDays(date, -count);
  return { date_from: first > tomorrow ? first : tomorrow, date_to: addDays(date, count) };
}

/** Returns where and what to search, in the words of the API: all but the days. */
export function filtersOf(/** @type {Wish} */ wish) {
  const where = wish.bbox ? { bbox: wish.bbox } : { near_lat: wish.place.lat, near_lng: wish.place.lng, near_km: reachOf(wish.place) };
  return {
    ...where,
    capacity_min: wish.guests ?? undefined, price_max: wish.budget ?? undefined, type: wish.type ?? undefined,
    amenities: wish.amenities.join(",") || undefined, q: wish.text || undefined,
  };
}

/** Returns the whole wish as a query of GET /venues/search. */
export function toSearchQuery(/** @type {Wish} */ wish) {
  const days = !wish.date ? {} : wish.flex || wish.isWeekendOnly ? daysAround(wish.date, wish.flex) : { date: wish.date };
  return {
    ...filtersOf(wish), ...days, sort: wish.sort, limit: PAGE_SIZE,
    weekdays: wish.isWeekendOnly ? WEEKEND : undefined,
    include: wish.date ? "total" : "price_from,total",
  };
}
