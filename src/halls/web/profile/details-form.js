// The form with name and telephone number, and the state of the e-mail address.
import { h, html, useRef, useState } from "../vendor/ui.js";
import { change, create } from "../api.js";
import { words } from "../words.js";
import { saveSession } from "../session.js";
import { TextField, useFaultFocus } from "../parts/field.js";
import { SendingNote, useSending } from "../parts/sending.js";
/** @import { Profile } from "../types.js" */

export function DetailsForm(/** @type {{ profile: Profile, onChanged: (profile: Profile) => void }} */ { profile, onChanged }) {
  const w = words.value.profile;
  const [name, setName] = useState(profile.full_name ?? "");
  const [phone, setPhone] = useState(profile.contact_number ?? "");
  const [isSaved, setSaved] = useState(false);
  const sending = useSending();
  const form = useRef(null);
  useFaultFocus(form, sending.error);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    setSaved(false);
    sending.send(async () => {
      // The response has a new token, which carries the changed profile.
      const next = await change("/auth/me", { full_name: name.trim() || null, contact_number: phone.trim() || null });
      saveSession(next);
      onChanged(next.profile);
      setSaved(true);
    });
  };
  return html`
    ${h(EmailAddress, { profile })}
    <form ref=${form} class="stack" novalidate onSubmit=${submit}>
      ${h(TextField, { name: "full_name", label: w.name, hint: w.nameHint, isOptional: true, autocomplete: "name", value: name, onInput: setName, fault: sending.faults.full_name })}
      ${h(TextField, { name: "contact_number", type: "tel", label: w.phone, hint: w.phoneHint, isOptional: true, autocomplete: "tel", value: phone, onInput: setPhone, fault: sending.faults.contact_number })}
      <p class="row">
        <button type="submit" class="outline" aria-disabled=${sending.isBusy}>${sending.isBusy ? w.saving : w.save}</button>
        <span role="status" class="saved">${isSaved && !sending.error && w.saved}</span>
      </p>
    </form>
    ${SendingNote({ sending })}`;
}

/** The address, and a button for one more link while it is not confirmed. */
function EmailAddress(/** @type {{ profile: Profile }} */ { profile }) {
  const w = words.value.profile;
  const [isSent, setSent] = useState(false);
  const sending = useSending();
  const ask = () => sending.send(async () => {
    await create("/auth/verify-email/send", /** @type {never} */ ({}));
    setSent(true);
  });
  return html`
    <p><span class="muted small">${w.email}</span><br /><bdi dir="ltr">${profile.email}</bdi> <span class=${profile.email_verified ? "muted" : "held"}>(${profile.email_verified ? w.verified : w.notVerified})</span></p>
    ${!profile.email_verified && html`<p class="row"><button type="button" class="outline" aria-disabled=${sending.isBusy} onClick=${ask}>${w.sendLink}</button><span role="status">${isSent && w.linkSent}</span></p>`}
    ${SendingNote({ sending })}`;
}
