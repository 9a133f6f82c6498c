// The form that changes the password, and logs all other devices out.
import { h, html, useRef, useState } from "../vendor/ui.js";
import { create } from "../api.js";
import { findRoute } from "../router.js";
import { words } from "../words.js";
import { saveSession } from "../session.js";
import { useFaultFocus } from "../parts/field.js";
import { PasswordField } from "../parts/password-field.js";
import { SendingNote, useSending } from "../parts/sending.js";
/** @import { Profile } from "../types.js" */

export function PasswordForm(/** @type {{ profile: Profile }} */ { profile }) {
  const w = words.value.profile;
  const [password, setPassword] = useState("");
  const [next, setNext] = useState("");
  const [isChanged, setChanged] = useState(false);
  const sending = useSending();
  const form = useRef(null);
  useFaultFocus(form, sending.error);
  if (profile.auth_provider === "google") return GoogleOnly();
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    setChanged(false);
    sending.send(async () => {
      saveSession(await create("/auth/change-password", { password, new_password: next }));
      setPassword("");
      setNext("");
      setChanged(true);
    });
  };
  const wrong = sending.error?.code === "bad_credentials" ? w.wrongPassword : sending.faults.password;
  return html`
    <form ref=${form} class="stack" method="post" novalidate onSubmit=${submit}>
      ${UserName(profile)}
      ${h(PasswordField, { name: "current", label: w.current, autocomplete: "current-password", value: password, onInput: setPassword, fault: wrong })}
      ${h(PasswordField, { name: "next", label: w.next, hint: w.nextHint, autocomplete: "new-password", value: next, onInput: setNext, fault: sending.faults.new_password })}
      <p class="row"><button type="submit" class="outline" aria-disabled=${sending.isBusy}>${sending.isBusy ? w.saving : w.changePassword}</button></p>
      <p role="status">${isChanged && !sending.error && html`<span class="saved">${w.passwordChanged}</span>`}</p>
    </form>
    ${SendingNote({ sending, texts: { bad_credentials: null } })}`;
}

/** The account to which a password belongs, for the password manager of the browser. */
export const UserName = (/** @type {Profile} */ { email }) => html`<input type="email" name="username" autocomplete="username" value=${email} readonly hidden />`;

const GoogleOnly = () => html`
  <p class="muted">${words.value.profile.google}</p>
  ${findRoute("/forgot-password") && html`<p class="row"><a class="outline" href="/forgot-password">${words.value.profile.setPassword}</a></p>`}`;
