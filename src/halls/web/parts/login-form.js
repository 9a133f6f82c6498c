// The log-in form: on its own page, and wherever a page needs an account, such as the booking panel.
import { html, h, useState } from "../vendor/ui.js";
import { withNext } from "../router.js";
import { words } from "../words.js";
import { create } from "../api.js";
import { hasEnded, isSharedDevice, saveSession } from "../session.js";
import { TextField } from "./field.js";
import { FormError, SubmitButton, useForm } from "./form.js";
import { GoogleLink } from "./google-link.js";
import { PasswordField } from "./password-field.js";
import { SharedDevice } from "./shared-device.js";
import { suspendedText } from "./error-text.js";

/** `onDone` is called after the log-in. `submitLabel` says what happens then, such as "Log in and send". */
export function LoginForm(/** @type {{ onDone: () => void, submitLabel?: string }} */ { onDone, submitLabel }) {
  const w = words.value.login;
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [isShared, setShared] = useState(isSharedDevice());
  const form = useForm(async () => {
    saveSession(await create("/auth/login", { email, password }), isShared);
    onDone();
  });
  return html`
    <form ref=${form.ref} class="form" method="post" novalidate onSubmit=${form.submit}>
      ${hasEnded.value && html`<p class="note-line" role="status">${words.value.errors.ended}</p>`}
      ${TextField({ name: "email", type: "email", label: w.email, value: email, onInput: setEmail, autocomplete: "username", required: true, fault: form.faults.email })}
      ${h(PasswordField, { name: "password", label: w.password, value: password, onInput: setPassword, autocomplete: "current-password", fault: form.faults.password })}
      ${SharedDevice({ isShared, onChange: setShared })}
      ${FormError(form, { bad_credentials: w.wrong, suspended: suspendedText(form.error) })}
      ${SubmitButton(form, submitLabel ?? w.submit)}
      ${h(GoogleLink, { isShared })}
      <p class="row links"><a href=${withNext("/forgot-password")}>${w.forgot}</a><a href=${withNext("/signup")}>${w.noAccount}</a></p>
    </form>`;
}
