// The page of a venue: pictures, facts, calendar with prices, map, and the panel that books a day.
import { h, html, useEffect, useState } from "../vendor/ui.js";
import { ApiError, read } from "../api.js";
import { go, query, useTitleFocus, withQuery } from "../router.js";
import { words } from "../words.js";
import { isDay, shortDay, today } from "../days.js";
import { rupees } from "../money.js";
import { Icon } from "../icon.js";
import { ErrorPanel } from "../parts/error-panel.js";
import { lastSearch } from "../parts/last-search.js";
import { BookingPanel } from "./booking-panel.js";
import { Calendar } from "./calendar.js";
import { Amenities, Heading, Share, Terms } from "./facts.js";
import { Gallery, GallerySkeleton, Videos } from "./gallery.js";
import { Location } from "./location.js";
import { offerOf, openVenue } from "./offers.js";
/** @import { Venue } from "../types.js" */
/** @typedef {{ venue: Venue, day: string | null, guests: number, onChoose: (day: string) => void }} Chosen what the guest looks at */

export const styles = ["parts", "venue"];
const USUAL_SHARE = 0.6;
const GUESTS_WITHOUT_CAPACITY = 100;

export default function VenuePage(/** @type {{ parts: Record<string, string> }} */ { parts }) {
  const { venue, error, reload } = useVenue(parts.id ?? "");
  useTitleFocus(venue !== null || error !== null);
  if (error) return Failure({ error, onRetry: reload });
  if (!venue) return html`<main id="main" class="venue" aria-busy="true"><p class="crumb"></p>${GallerySkeleton()}</main>`;
  const chosen = { venue, ...readChoice(venue), onChoose: (/** @type {string} */ date) => go(withQuery({ date }), { replace: true, keepScroll: true }) };
  return html`
    <main id="main" class="venue">
      ${BackLink()}
      ${h(Gallery, { venue })}
      <div class="halves">
        <div class="story">
          ${Heading({ venue })}
          ${Share({ venue, day: chosen.day })}
          ${venue.additional_description && html`<p class="about" dir="auto">${venue.additional_description}</p>`}
          ${venue.is_listed && h(Calendar, { key: venue.id, venue, chosen: chosen.day, onChoose: chosen.onChoose })}
          ${Amenities({ venue })}
          ${Videos({ venue })}
          ${Terms({ venue })}
          ${venue.maps_location && h(Location, { venue, point: venue.maps_location })}
        </div>
        ${h(BookingPanel, { key: venue.id, ...chosen })}
      </div>
      ${venue.is_listed && h(Dock, { day: chosen.day })}
    </main>`;
}

/** Reads the venue. @returns {{ venue: Venue | null, error: ApiError | null, reload: () => void }} */
function useVenue(/** @type {string} */ id) {
  const [venue, setVenue] = useState(/** @type {Venue | null} */ (null));
  const [error, setError] = useState(/** @type {ApiError | null} */ (null));
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    openVenue(id);
    setError(null);
    read("/venues/{venue_id}", { parts: { venue_id: id }, signal: stop.signal })
      .then((found) => setVenue(found.venue))
      .catch((reason) => { if (reason instanceof ApiError) setError(reason); });
    return () => stop.abort();
  }, [id, tries]);
  const title = venue ? `${venue.venue_name} · ${words.value.brand}` : words.value.brand;
  useEffect(() => { document.title = title; });
  return { venue, error, reload: () => setTries(tries + 1) };
}

/** Returns the day and the number of guests in the address, or usual ones. */
function readChoice(/** @type {Venue} */ venue) {
  const date = query.value.get("date");
  const usual = venue.capacity ? Math.max(1, Math.round((venue.capacity * USUAL_SHARE) / 10) * 10) : GUESTS_WITHOUT_CAPACITY;
  return { day: date !== null && isDay(date) && date > today() ? date : null, guests: Math.floor(Number(query.value.get("guests"))) || usual };
}

/** Leads to the results from which the guest came, else to a search. */
function BackLink() {
  return html`<p class="crumb"><a href=${lastSearch()}>${Icon("chevron-left")}${words.value.venue.back}</a></p>`;
}

function Failure(/** @type {{ error: ApiError, onRetry: () => void }} */ { error, onRetry }) {
  const w = words.value.venue;
  const isGone = error.status === 404;
  return html`
    <main id="main" class="venue">
      ${BackLink()}
      <h1 tabindex="-1" class=${isGone ? "" : "sr"}>${isGone ? w.gone : w.title}</h1>
      ${isGone ? html`<p class="row"><a class="outline" href=${lastSearch()}>${Icon("search")}${w.toSearch}</a></p>` : h(ErrorPanel, { error, onRetry })}
    </main>`;
}

/** On a phone, the price and the way to the panel stay in sight until the panel is. */
function Dock(/** @type {{ day: string | null }} */ { day }) {
  const w = words.value.venue;
  const [isHidden, setHidden] = useState(false);
  useEffect(() => {
    const sight = new IntersectionObserver(([entry]) => setHidden(Boolean(entry?.isIntersecting)));
    const panel = document.getElementById("book");
    if (panel) sight.observe(panel);
    return () => sight.disconnect();
  }, []);
  const price = day ? offerOf(day)?.price ?? null : null;
  return html`
    <div class="dock" hidden=${isHidden}>
      <p>${day ? html`<b>${price === null ? words.value.priceOnRequest : rupees(price)}</b><small>${shortDay(day)}</small>` : html`<small>${w.chooseDay}</small>`}</p>
      <a class="primary" href=${day ? "#book" : "#calendar"}>${day ? w.request : w.toCalendar}</a>
    </div>`;
}
