// The deletion of the account, after a question and with the password.
import { h, html, useRef, useState } from "../vendor/ui.js";
import { ApiError, remove } from "../api.js";
import { words } from "../words.js";
import { BookedDays, findBookedDays } from "../parts/booked-days.js";
import { Dialog } from "../parts/dialog.js";
import { useFaultFocus } from "../parts/field.js";
import { PasswordField } from "../parts/password-field.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { UserName } from "./password-form.js";
/** @import { Profile } from "../types.js" */
/** @import { BookedDay } from "../parts/booked-days.js" */

export function Deletion(/** @type {{ profile: Profile, onDeleted: () => void }} */ { profile, onDeleted }) {
  const w = words.value.profile;
  const [isOpen, setOpen] = useState(false);
  const close = () => setOpen(false);
  return html`
    <p class="muted">${w.deletionText}</p>
    <p class="row"><button type="button" class="outline danger" onClick=${() => setOpen(true)}>${w.deleteAccount}</button></p>
    ${h(Dialog, { title: w.deletionTitle, isOpen, onClose: close, children: h(DeletionForm, { profile, onDeleted, onKeep: close }) })}`;
}

function DeletionForm(/** @type {{ profile: Profile, onDeleted: () => void, onKeep: () => void }} */ { profile, onDeleted, onKeep }) {
  const w = words.value.profile;
  const [password, setPassword] = useState("");
  const [booked, setBooked] = useState(/** @type {BookedDay[]} */ ([]));
  const sending = useSending();
  const form = useRef(null);
  useFaultFocus(form, sending.error);
  // An account of Google has no password, unless it had one before.
  const needsPassword = profile.auth_provider === "password" || "password" in sending.faults || password !== "";
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    setBooked([]);
    sending.send(async () => {
      try {
        await remove("/auth/me", { body: password ? { password } : {} });
        onDeleted();
      } catch (error) {
        if (error instanceof ApiError && error.code === "has_bookings") setBooked(await findBookedDays(error));
        throw error;
      }
    });
  };
  const wrong = sending.error?.code === "bad_credentials" ? w.wrongPassword : sending.faults.password;
  return html`
    <form ref=${form} class="stack" method="post" novalidate onSubmit=${submit}>
      <p>${w.deletionText}</p>
      ${UserName(profile)}
      ${needsPassword && h(PasswordField, { name: "deletion-password", label: w.current, autocomplete: "current-password", value: password, onInput: setPassword, fault: wrong })}
      <p class="row">
        <button type="submit" class="primary" aria-disabled=${sending.isBusy}>${sending.isBusy ? w.deleting : w.deleteAccount}</button>
        <button type="button" class="quiet" onClick=${onKeep}>${w.keep}</button>
      </p>
    </form>
    ${SendingNote({ sending, texts: { bad_credentials: null, has_bookings: w.hasBookings } })}
    ${sending.error?.code === "has_bookings" && BookedDays({ days: booked })}`;
}
