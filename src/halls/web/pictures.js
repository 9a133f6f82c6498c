// The pictures of a venue: its own, or drawings of its kind.
import { fileAddress, setting } from "./settings.js";
/** @import { FoundVenue, Venue } from "./types.js" */

const SCENES = { Hall: "hall", Banquet: "banquet", Lawn: "lawn", Auditorium: "auditorium" };
const PALETTES = 6;

/** Returns the addresses of the pictures that a page may show. Pictures by plain http are left out. @returns {string[]} */
export function photographsOf(/** @type {Pick<FoundVenue, "pictures">} */ venue) {
  return venue.pictures.map(ownPath).filter(isShown);
}

/** Returns the videos that a page may show, with their size. */
export function videosOf(/** @type {Pick<Venue, "videos">} */ venue) {
  return venue.videos.map(({ url, size_mb }) => ({ url: ownPath(url), size_mb })).filter(({ url }) => isShown(url));
}

const isShown = (/** @type {string} */ url) => /^(https:\/\/|\/)/.test(url);

/** Returns the path of a file of this server, whichever of its names the URL has: localhost is not 127.0.0.1. */
export function ownPath(/** @type {string} */ url) {
  const own = setting("public-url");
  return url.startsWith(`${own}/`) ? url.slice(own.length) : url;
}

/** Returns the photographs, or without any three drawings: the same for a venue each time. @returns {string[]} */
export function picturesOf(/** @type {Pick<FoundVenue, "id" | "type" | "pictures">} */ venue) {
  const photographs = photographsOf(venue);
  if (photographs.length) return photographs;
  const palette = [...venue.id].reduce((sum, digit) => (sum * 31 + digit.charCodeAt(0)) % 9973, 7) % PALETTES;
  return [SCENES[venue.type ?? "Hall"], "gate", "table"].map((scene) => fileAddress(`art/${scene}-${palette}.svg`));
}
