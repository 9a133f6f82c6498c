// A venue as a card: its picture in a window, what it holds, where it is, what it costs.
import { html, signal } from "../vendor/ui.js";
import { words } from "../words.js";
import { picturesOf } from "../pictures.js";
import { rupeesPerGuest, shortRupees } from "../money.js";
import { Icon } from "../icon.js";
import { localityOf, venueLink } from "./venue-link.js";
/** @import { FoundVenue } from "../types.js" */
/** @import { Wish } from "./wish.js" */

/** The id of the venue under the pointer or the focus: its card and its pin light up together. */
export const litVenue = signal("");
const light = (/** @type {string} */ id) => { litVenue.value = id; };

export function VenueCard(/** @type {{ venue: FoundVenue, wish: Pick<Wish, "date" | "guests">, isFirst?: boolean }} */ { venue, wish, isFirst = false }) {
  const w = words.value;
  const kind = venue.type ? w.kinds[venue.type] : w.venueKind;
  return html`
    <li class=${`card ${litVenue.value === venue.id ? "lit" : ""}`} onMouseEnter=${() => light(venue.id)} onMouseLeave=${() => light("")}>
      <div class="window">
        <img src=${picturesOf(venue)[0]} alt="" width="480" height="360" loading=${isFirst ? "eager" : "lazy"} decoding="async" referrerpolicy="no-referrer" />
      </div>
      <div class="text">
        <p class="kind">${kind}<span> · <bdi>${localityOf(venue.address)}</bdi></span></p>
        <h2><a href=${venueLink(venue.id, wish)} onFocus=${() => light(venue.id)} onBlur=${() => light("")}><bdi>${venue.venue_name}</bdi></a></h2>
        <p class="facts">
          ${venue.capacity !== null && html`<span>${Icon("users")}${w.upToGuests(venue.capacity)}</span>`}
          ${venue.distance_km !== null && html`<span>${Icon("map-pin")}${w.km(Math.round(venue.distance_km * 10) / 10)}</span>`}
          ${venue.amenities.air_conditioner && html`<span class="wide">${Icon("air-vent", w.amenities.air_conditioner)}</span>`}
        </p>
        ${Price({ venue, wish })}
      </div>
    </li>`;
}

/** Returns the price of the day, or the lowest of the free days. Null: the venue has none. */
export function priceOf(/** @type {FoundVenue} */ venue, /** @type {Pick<Wish, "date">} */ wish) {
  return wish.date !== null || venue.free ? venue.price : venue.price_from ?? null;
}

/** The price of the day, or the lowest of the free days, in words. */
function Price(/** @type {{ venue: FoundVenue, wish: Pick<Wish, "date" | "guests"> }} */ { venue, wish }) {
  const w = words.value;
  const isExact = wish.date !== null && !venue.free;
  const price = priceOf(venue, wish);
  if (price === null) return html`<p class="price"><small>${w.priceOnRequest}</small></p>`;
  const guests = wish.guests ?? venue.capacity;
  return html`
    <p class="price">
      <b>${isExact ? shortRupees(price) : w.from(shortRupees(price))}</b>
      ${guests && html` <small>${w.aGuest(rupeesPerGuest(price, guests))}</small>`}
      ${venue.free && html` <small>${w.results.freeDays(venue.free.length)}</small>`}
    </p>`;
}

/** The place of a card that is still loading. */
export const CardSkeleton = () => html`
  <li class="card ghost" aria-hidden="true"><div class="window"><i></i></div><div class="text"><i></i><i></i><i></i></div></li>`;
