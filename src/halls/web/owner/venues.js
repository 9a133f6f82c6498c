// The venues of an owner: which state each has, and what can be done with it.
import { h, html } from "../vendor/ui.js";
import { words } from "../words.js";
import { Icon } from "../icon.js";
import { picturesOf } from "../pictures.js";
import { useReading } from "../parts/reading.js";
import { countDays, readVenues } from "./bookings.js";
import { OwnerPage, Waiting } from "./frame.js";
import { NoVenue } from "./no-venue.js";
import { ownerWords } from "./words.js";
/** @import { Venue } from "../types.js" */

export const styles = ["owner", "parts"];

export default function VenuesPage() {
  return h(OwnerPage, { title: ownerWords.value.venues.title, tab: "venues", children: h(VenueList, null) });
}

function VenueList() {
  const reading = useReading(readVenues, []);
  const { data } = reading;
  if (!data) return Waiting({ reading });
  if (data.length === 0) return NoVenue();
  return html`
    <ul class="own-venues">${data.map((venue) => html`<li key=${venue.id}>${OwnVenue(venue)}</li>`)}</ul>
    <p class="row"><a class="primary" href="/owner/venues/new">${ownerWords.value.links.list}</a></p>`;
}

function OwnVenue(/** @type {Venue} */ venue) {
  const w = ownerWords.value;
  const count = countDays(venue);
  const state = venue.is_hidden ? "hidden" : venue.is_listed ? "listed" : "paused";
  const edit = `/owner/venues/${venue.id}`;
  return html`
    <div class="window"><img src=${picturesOf(venue)[0]} alt="" width="480" height="360" loading="lazy" decoding="async" referrerpolicy="no-referrer" /></div>
    <div class="text">
      <p class="kind">${venue.type ? words.value.kinds[venue.type] : words.value.venueKind}</p>
      <h2><a href=${edit}><bdi>${venue.venue_name}</bdi></a></h2>
      <p class=${state === "listed" ? "listed" : "paused"}>${w.venues[state]}</p>
      <p class="muted">${count ? w.venues.days(count) : w.venues.noDays}</p>
      <p class="row">
        <a class="outline" href=${`${edit}/calendar`}>${Icon("calendar-days")}${w.links.calendar}</a>
        <a class="outline" href=${edit}>${Icon("pencil")}${w.links.edit}</a>
        <a class="quiet" href=${`/hall/${venue.id}`}>${Icon("eye")}${w.links.show}</a>
      </p>
    </div>`;
}
