// The address of the last search in this tab: other pages lead back to it.

const KEY = "halls.last-search";

/** Keeps the current address as the last search. */
export function keepSearch() {
  try { sessionStorage.setItem(KEY, location.pathname + location.search); } catch { /* Links lead to a new search. */ }
}

/** Returns the address of the last search, or of a new one. */
export function lastSearch() {
  try { return sessionStorage.getItem(KEY) ?? "/find"; } catch { return "/find"; }
}
