// What a guest writes to a venue: kept in this tab, so that a reload or a log-in loses nothing.

const PREFIX = "halls.notes:";

export function readNotes(/** @type {string} */ venueId) {
  try { return sessionStorage.getItem(PREFIX + venueId) ?? ""; } catch { return ""; }
}

export function keepNotes(/** @type {string} */ venueId, /** @type {string} */ notes) {
  try { sessionStorage.setItem(PREFIX + venueId, notes); } catch { /* A reload loses them. */ }
}

export function dropNotes(/** @type {string} */ venueId) {
  try { sessionStorage.removeItem(PREFIX + venueId); } catch { /* There are none. */ }
}
