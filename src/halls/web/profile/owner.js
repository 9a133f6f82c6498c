// The part of the account page that makes its holder an owner.
import { h, html } from "../vendor/ui.js";
import { words } from "../words.js";
import { BecomeOwner } from "../parts/become-owner.js";
/** @import { Profile } from "../types.js" */

export function Owner(/** @type {{ profile: Profile, onChanged: (profile: Profile) => void }} */ { profile, onChanged }) {
  const w = words.value;
  return html`
    <div role="status">${profile.is_venue_owner && html`<p>${w.profile.isOwner}</p>`}</div>
    ${profile.is_venue_owner
      ? html`<p class="row"><a class="outline" href="/owner">${w.frame.myVenues}</a></p>`
      : h(BecomeOwner, { onDone: onChanged })}`;
}
