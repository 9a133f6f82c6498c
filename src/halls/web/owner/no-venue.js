// The first step of a new owner: list a venue.
import { html } from "../vendor/ui.js";
import { ownerWords } from "./words.js";

export const NoVenue = () => html`
  <div class="note">
    <p><b>${ownerWords.value.home.noVenue}</b></p>
    <p class="muted">${ownerWords.value.home.noVenueHelp}</p>
    <p class="row"><a class="primary" href="/owner/venues/new">${ownerWords.value.links.list}</a></p>
  </div>`;
