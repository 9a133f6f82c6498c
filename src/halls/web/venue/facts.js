// What a venue is: name, size, amenities, terms, and a link to share.
import { html } from "../vendor/ui.js";
import { words } from "../words.js";
import { longDay } from "../days.js";
import { Icon } from "../icon.js";
import { CopyButton } from "../parts/copy-button.js";
import { localityOf, venueLink } from "../parts/venue-link.js";
/** @import { Amenity, Venue } from "../types.js" */
/** @typedef {{ venue: Venue }} Props */

/** @type {Record<Amenity, string>} */
const ICONS = {
  air_conditioner: "air-vent", parking_valet: "square-parking", sound_system: "speaker", entry_package: "door-open", partition_facility: "columns-2", water: "droplets",
};
const NAMES = /** @type {Amenity[]} */ (Object.keys(ICONS));

export function Heading(/** @type {Props} */ { venue }) {
  const w = words.value;
  return html`
    <header>
      <p class="kind">${venue.type ? w.kinds[venue.type] : w.venueKind}<span> · <bdi>${localityOf(venue.address)}</bdi></span></p>
      <h1 tabindex="-1"><bdi>${venue.venue_name}</bdi></h1>
      <p class="facts">
        ${venue.capacity !== null && html`<span>${Icon("users")}${w.upToGuests(venue.capacity)}</span>`}
        ${venue.space_sqft !== null && html`<span>${Icon("maximize")}${w.venue.area(venue.space_sqft.toLocaleString("en-PK"))}</span>`}
        <span>${Icon("map-pin")}<bdi>${venue.address}</bdi></span>
      </p>
    </header>`;
}

/** A link for WhatsApp, where families choose halls, and a button that copies it. */
export function Share(/** @type {Props & { day: string | null }} */ { venue, day }) {
  const w = words.value.venue;
  const link = location.origin + venueLink(venue.id, { date: day });
  const text = [venue.venue_name, day && longDay(day), link].filter(Boolean).join("\n");
  return html`
    <p class="row share">
      <a class="outline" href=${`https://wa.me/?text=${encodeURIComponent(text)}`} target="_blank" rel="noopener noreferrer">${Icon("share-2")}${w.share}</a>
      ${CopyButton({ text: link, label: w.copyLink })}
    </p>`;
}

export function Amenities(/** @type {Props} */ { venue }) {
  const w = words.value;
  const missing = NAMES.filter((name) => !venue.amenities[name]);
  return html`
    <section aria-labelledby="amenities">
      <h2 id="amenities">${w.venue.amenities}</h2>
      <ul class="amenities">${NAMES.filter((name) => venue.amenities[name]).map((name) => html`<li key=${name}>${Icon(ICONS[name])}${w.amenities[name]}</li>`)}</ul>
      ${missing.length > 0 && html`<p class="missing">${w.venue.missing} ${missing.map((name) => w.amenities[name]).join(w.common.comma)}</p>`}
    </section>`;
}

/** The terms in the words of the owner. */
export function Terms(/** @type {Props} */ { venue }) {
  const terms = venue.booking_rules.terms;
  if (!terms) return null;
  return html`<section aria-labelledby="terms"><h2 id="terms">${words.value.venue.terms}</h2><p class="terms" dir="auto">${terms}</p></section>`;
}
