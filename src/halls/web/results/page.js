// The results page: the venues that match the address, as cards and on a map.
import { h, html, useEffect } from "../vendor/ui.js";
import { go, query, useTitleFocus, withQuery } from "../router.js";
import { words } from "../words.js";
import { placeName } from "../places.js";
import { addDays, shortDay } from "../days.js";
import { Icon } from "../icon.js";
import { ErrorPanel } from "../parts/error-panel.js";
import { keepSearch } from "../parts/last-search.js";
import { SearchBar } from "../parts/search-bar.js";
import { CardSkeleton, VenueCard } from "../parts/venue-card.js";
import { readWish } from "../parts/wish.js";
import { DayStrip } from "./day-strip.js";
import { Filters } from "./filters.js";
import { MapSide } from "./map-side.js";
import { failure, found, isLoadingMore, loadMore, search } from "./search.js";
/** @import { Wish } from "../parts/wish.js" */
/** @import { Found } from "./search.js" */

export const styles = ["parts", "results"];
const MAX_TOTAL = 1000;
const FIRST_CARDS = 4;
const SKELETONS = [1, 2, 3, 4, 5, 6];

const change = (/** @type {Record<string, string | null>} */ changes) => go(withQuery(changes), { keepScroll: true });

export default function ResultsPage() {
  const w = words.value;
  const wish = readWish(query.value);
  // On a phone the map takes the place of the list.
  const view = query.value.get("view") === "map" ? "map" : "";
  useEffect(() => {
    if (!wish) return undefined;
    keepSearch();
    const stop = new AbortController();
    search(wish, stop.signal);
    return () => stop.abort();
  }, [query.value.toString(), wish === null]);
  const title = wish?.bbox ? w.results.titleArea : w.results.title(wish ? placeName(wish.place) : "");
  useEffect(() => { if (wish) document.title = `${title} · ${w.brand}`; });
  useTitleFocus(wish !== null);
  if (!wish) return html`<main id="main" class="results" aria-busy="true"></main>`;
  return html`
    <main id="main" class=${`results ${view === "map" ? "on-map" : ""}`}>
      <div class="column">
        ${h(SearchBar, { wish, onChange: change })}
        ${h(Filters, { wish, onChange: change })}
        <div class="title">
          <h1 tabindex="-1">${title}</h1>
          <p class="muted" role="status">${countText(wish, found.value)}</p>
        </div>
        ${wish.date && h(DayStrip, { wish: { ...wish, date: wish.date } })}
        <div class="list">
          ${List({ wish, found: found.value })}
          ${failure.value && h(ErrorPanel, { error: failure.value, onRetry: () => search(wish, new AbortController().signal) })}
        </div>
      </div>
      ${h(MapSide, { key: view, isShown: view === "map", wish, venues: found.value?.venues ?? null, onSearch: (bbox) => change({ bbox }) })}
      <p class="switch"><a class="outline" href=${withQuery({ view: view ? null : "map" })}>${Icon(view ? "list" : "map")}${view ? w.results.showList : w.results.showMap}</a></p>
    </main>`;
}

function countText(/** @type {Wish} */ wish, /** @type {Found | null} */ result) {
  const w = words.value.results;
  if (!result) return failure.value ? "" : w.loading;
  const { total, venues, cursor } = result;
  const hasMore = total === null ? cursor !== null : total >= MAX_TOTAL;
  const count = (total ?? venues.length).toLocaleString("en-PK") + (hasMore ? "+" : "");
  if (!wish.date) return w.found(count);
  return wish.flex ? w.freeAround(count, shortDay(wish.date)) : w.freeOn(count, shortDay(wish.date));
}

function List(/** @type {{ wish: Wish, found: Found | null }} */ { wish, found: result }) {
  const w = words.value.results;
  if (!result) return failure.value ? null : html`<ul class="cards" aria-busy="true">${SKELETONS.map(CardSkeleton)}</ul>`;
  if (result.venues.length === 0) return Nothing({ wish });
  return html`
    <ul class="cards">${result.venues.map((venue, index) => h(VenueCard, { key: venue.id, venue, wish, isFirst: index < FIRST_CARDS }))}</ul>
    ${result.cursor && html`<p class="more"><button type="button" class="outline" disabled=${isLoadingMore.value} onClick=${() => loadMore(wish)}>${isLoadingMore.value ? w.loadingMore : w.more}</button></p>`}`;
}

/** Nothing was found: one link for each part of the wish that can be dropped. */
function Nothing(/** @type {{ wish: Wish }} */ { wish }) {
  const w = words.value;
  /** @type {[unknown, string, Record<string, string | null>][]} */
  const ways = [
    [wish.budget, w.search.anyBudget, { budget: null }], [wish.guests, w.results.anyGuests, { guests: null }],
    [wish.type, w.results.anyKind, { type: null }], [wish.amenities.length, w.results.anyAmenities, { amenities: null }],
    [wish.text, w.results.anyText, { q: null }], [wish.date, w.search.anyDay, { date: null, flex: null, weekdays: null }],
  ];
  return html`
    <div class="note">
      <h2>${w.results.none}</h2>
      <p>${w.results.noneHelp}</p>
      <p class="row">
        ${ways.filter(([isSet]) => isSet).map(([, label, changes]) => html`<a class="outline" href=${withQuery(changes)}>${label}</a>`)}
        ${wish.date && html`<a class="outline" href=${withQuery({ date: addDays(wish.date, 7) })}>${shortDay(addDays(wish.date, 7))}</a>`}
      </p>
    </div>`;
}
