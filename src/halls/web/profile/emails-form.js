// The form with the e-mails that the account wants. The footer of e-mails links to it.
import { h, html, useRef, useState } from "../vendor/ui.js";
import { change } from "../api.js";
import { words } from "../words.js";
import { TextField, useFaultFocus } from "../parts/field.js";
import { SendingNote, useSending } from "../parts/sending.js";
/** @import { OwnPreferences } from "../types.js" */
/** @typedef {{ currentTarget: HTMLInputElement }} InputEvent */

const MAX_DAYS = 14;

export function EmailsForm(/** @type {{ preferences: OwnPreferences, isOwner: boolean, onChanged: (next: OwnPreferences) => void }} */ { preferences, isOwner, onChanged }) {
  const w = words.value.profile;
  const [reminders, setReminders] = useState(preferences.emails.reminders);
  const [requests, setRequests] = useState(preferences.emails.requests);
  const [days, setDays] = useState(String(preferences.reminder_days));
  const [isSaved, setSaved] = useState(false);
  const sending = useSending();
  const form = useRef(null);
  useFaultFocus(form, sending.error);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    setSaved(false);
    sending.send(async () => {
      // Without a digit, the API says what is wrong with the number.
      const reminder_days = days.trim() ? Number(days) : /** @type {any} */ (null);
      onChanged(await change("/auth/me/preferences", { emails: { reminders, requests }, reminder_days }));
      setSaved(true);
    });
  };
  return html`
    <form ref=${form} class="stack" novalidate onSubmit=${submit}>
      <p class="muted">${w.emailsText}</p>
      ${Check(w.reminders, reminders, setReminders)}
      ${h(TextField, { name: "reminder_days", type: "number", inputmode: "numeric", min: 0, max: MAX_DAYS, label: w.reminderDays, value: days, onInput: setDays, fault: sending.faults.reminder_days })}
      ${isOwner && Check(w.requests, requests, setRequests)}
      <p class="row">
        <button type="submit" class="outline" aria-disabled=${sending.isBusy}>${sending.isBusy ? w.saving : w.save}</button>
        <span role="status" class="saved">${isSaved && !sending.error && w.saved}</span>
      </p>
    </form>
    ${SendingNote({ sending })}`;
}

const Check = (/** @type {string} */ label, /** @type {boolean} */ isOn, /** @type {(isOn: boolean) => void} */ set) => html`
  <label class="check"><input type="checkbox" checked=${isOn} onChange=${(/** @type {InputEvent} */ event) => set(event.currentTarget.checked)} />${label}</label>`;
