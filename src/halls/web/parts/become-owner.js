// The button that makes the holder of an account an owner. The account keeps its bookings as a guest.
import { html } from "../vendor/ui.js";
import { change } from "../api.js";
import { words } from "../words.js";
import { saveSession } from "../session.js";
import { SendingNote, useSending } from "./sending.js";
/** @import { Profile } from "../types.js" */

export function BecomeOwner(/** @type {{ onDone: (profile: Profile) => void }} */ { onDone }) {
  const w = words.value.profile;
  const sending = useSending();
  const become = () => sending.send(async () => {
    const next = await change("/auth/me", { is_venue_owner: true });
    saveSession(next);
    onDone(next.profile);
  });
  return html`
    <p class="muted">${w.ownerText}</p>
    <p class="row"><button type="button" class="outline" aria-disabled=${sending.isBusy} onClick=${become}>${w.becomeOwner}</button></p>
    ${SendingNote({ sending })}`;
}
