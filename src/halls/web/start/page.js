// The start page: search, the next weekends with their prices, cities, and how it works.
import { h, html, useEffect, useState } from "../vendor/ui.js";
import { go, query, useTitleFocus, withQuery } from "../router.js";
import { words } from "../words.js";
import { findPlace, placeName } from "../places.js";
import { shortDay } from "../days.js";
import { inLakh } from "../money.js";
import { fileAddress } from "../settings.js";
import { SearchBar } from "../parts/search-bar.js";
import { CardSkeleton, VenueCard } from "../parts/venue-card.js";
import { readWish } from "../parts/wish.js";
import { readWeekends, weekendName } from "./weekends.js";
/** @import { FoundVenue } from "../types.js" */
/** @import { Wish } from "../parts/wish.js" */
/** @import { Weekend } from "./weekends.js" */

export const styles = ["parts", "start"];
const CITIES = ["karachi", "lahore", "islamabad", "rawalpindi", "faisalabad", "multan", "peshawar", "hyderabad", "quetta", "sialkot"];
const SHOWN_VENUES = 3;
const STEPS = /** @type {const} */ (["step1", "step2", "step3"]);

/** Returns an address of the results page with the wish of this page. */
const findAddress = (/** @type {Record<string, string>} */ changes = {}) => `/find?${new URLSearchParams({ ...Object.fromEntries(query.value), ...changes })}`;

export default function StartPage() {
  const w = words.value.start;
  const wish = readWish(query.value);
  useTitleFocus(true);
  useEffect(() => { document.title = `${words.value.brand} · ${w.title}`; });
  const change = (/** @type {Record<string, string | null>} */ changes) => go(withQuery(changes), { replace: true, keepScroll: true });
  // Before the places are loaded there is nothing below the title, so that nothing has to move down.
  return html`
    <main id="main" class="start">
      <section class="hero">
        <div class="window"><img src=${fileAddress("art/lawn-2.svg")} alt="" width="480" height="360" fetchpriority="high" /></div>
        <div class="words">
          <h1 tabindex="-1">${w.title}</h1>
          <p>${w.intro}</p>
        </div>
        ${wish && h(SearchBar, { wish, onChange: change, onSearch: () => go(findAddress({ place: readWish(query.value)?.place.id ?? wish.place.id })) })}
      </section>
      ${wish && html`${h(Weekends, { wish })}${Cities()}${Steps()}`}
    </main>`;
}

/** The next weekends near the place of the wish, and the venues with the lowest prices. An error leaves them out: the search works without them. */
function Weekends(/** @type {{ wish: Wish }} */ { wish }) {
  const w = words.value.start;
  const [result, setResult] = useState(/** @type {{ venues: FoundVenue[], weekends: Weekend[] } | "failed" | null} */ (null));
  useEffect(() => {
    const stop = new AbortController();
    setResult(null);
    readWeekends(wish.place, stop.signal).then(setResult).catch(() => { if (!stop.signal.aborted) setResult("failed"); });
    return () => stop.abort();
  }, [wish.place.id]);
  if (result === "failed") return null;
  const name = placeName(wish.place);
  return html`
    <section aria-labelledby="weekends">
      <h2 id="weekends">${w.weekends(name)}</h2>
      <p class="muted small">${w.weekendsHelp}</p>
      <ul class="weekends" aria-busy=${!result}>${result ? result.weekends.map((weekend) => WeekendLink({ weekend, place: wish.place.id })) : [1, 2, 3, 4, 5, 6].map(() => html`<li class="ghost"><i></i></li>`)}</ul>
    </section>
    ${result?.venues.length !== 0 && html`
      <section aria-labelledby="lowest">
        <h2 id="lowest">${w.venues(name)}</h2>
        <ul class="cards">${result ? result.venues.slice(0, SHOWN_VENUES).map((venue) => h(VenueCard, { key: venue.id, venue, wish: cheapestDay(venue, wish) })) : [1, 2, 3].map(CardSkeleton)}</ul>
        <p class="more"><a class="outline" href=${`/find?place=${wish.place.id}`}>${w.all}</a></p>
      </section>`}`;
}

/** The link of a card leads to the cheapest day of the venue. */
function cheapestDay(/** @type {FoundVenue} */ venue, /** @type {Wish} */ wish) {
  const date = venue.free?.find((offer) => offer.price === venue.price)?.date ?? null;
  return { date, guests: wish.guests };
}

function WeekendLink(/** @type {{ weekend: Weekend, place: string }} */ { weekend: { friday, best }, place }) {
  const date = best?.date ?? friday;
  return html`
    <li key=${friday}>
      <a href=${`/find?place=${place}&date=${date}`}>
        <b>${weekendName(friday)}</b>
        <span class="muted small">${best ? shortDay(best.date) : ""}</span>
        <strong>${best ? inLakh(best.price) : words.value.start.none}</strong>
      </a>
    </li>`;
}

function Cities() {
  const known = CITIES.flatMap((id) => findPlace(id) ?? []);
  return html`
    <section aria-labelledby="cities">
      <h2 id="cities">${words.value.start.cities}</h2>
      <ul class="cities">${known.map((place) => html`<li key=${place.id}><a class="outline" href=${`/find?place=${place.id}`}>${placeName(place)}</a></li>`)}</ul>
    </section>`;
}

function Steps() {
  const w = words.value.start;
  return html`
    <section class="steps" aria-labelledby="steps">
      <h2 id="steps">${w.steps}</h2>
      <ol>${STEPS.map((step) => html`<li key=${step}><h3>${w[step]}</h3><p>${w[`${step}Text`]}</p></li>`)}</ol>
    </section>`;
}
