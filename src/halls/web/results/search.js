// The search results: kept while the guest looks at a venue, so that "back" shows them at once.
import { signal } from "../vendor/ui.js";
import { ApiError, read } from "../api.js";
import { toSearchQuery } from "../parts/wish.js";
/** @import { FoundVenue } from "../types.js" */
/** @import { Wish } from "../parts/wish.js" */
/** @typedef {{ venues: FoundVenue[], total: number | null, cursor: string | null }} Found `total` is null if the server can't count so many. */

const FRESH_MS = 60_000;

/** What was found; null while the search runs. */
export const found = signal(/** @type {Found | null} */ (null));
export const failure = signal(/** @type {ApiError | null} */ (null));
export const isLoadingMore = signal(false);
let answered = { query: "", at: 0 };

/** Searches, unless the results of the same search are fresh. */
export async function search(/** @type {Wish} */ wish, /** @type {AbortSignal} */ signal) {
  const query = JSON.stringify(toSearchQuery(wish));
  if (found.value && answered.query === query && Date.now() - answered.at < FRESH_MS) return;
  failure.value = null;
  found.value = null;
  try {
    const page = await readPage(wish, null, signal);
    found.value = { venues: page.venues, total: page.total ?? null, cursor: page.next_cursor };
    answered = { query, at: Date.now() };
  } catch (error) {
    if (!(error instanceof ApiError)) return; // Another search has replaced this one.
    failure.value = error;
  }
}

/** Appends the next page of results. */
export async function loadMore(/** @type {Wish} */ wish) {
  const before = found.value;
  if (!before?.cursor || isLoadingMore.value) return;
  isLoadingMore.value = true;
  try {
    const page = await readPage(wish, before.cursor);
    if (found.value === before) found.value = { ...before, venues: [...before.venues, ...page.venues], cursor: page.next_cursor };
  } catch (error) {
    if (error instanceof ApiError) failure.value = error;
  }
  isLoadingMore.value = false;
}

/** Reads a page. With many venues the server can return an empty one that has a cursor: then the next one is read. */
async function readPage(/** @type {Wish} */ wish, /** @type {string | null} */ cursor, /** @type {AbortSignal | undefined} */ signal = undefined) {
  for (;;) {
    const page = await read("/venues/search", { query: { ...toSearchQuery(wish), cursor: cursor ?? undefined }, signal });
    if (page.venues.length || !page.next_cursor) return page;
    cursor = page.next_cursor;
  }
}
