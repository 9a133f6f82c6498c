// The page of the link in the e-mail about a forgotten password: sets a new password, then logs in.
import { h, html, useState } from "../vendor/ui.js";
import { go } from "../router.js";
import { words } from "../words.js";
import { create } from "../api.js";
import { dropLinkToken, linkToken } from "../link-token.js";
import { FormError, SubmitButton, useForm } from "../parts/form.js";
import { LoginForm } from "../parts/login-form.js";
import { PasswordField } from "../parts/password-field.js";
import { Title } from "./title.js";

export const styles = ["parts"];
const PATH = "/reset-password";

export default function ResetPasswordPage() {
  const w = words.value.reset;
  const [isDone, setDone] = useState(false);
  return html`
    <main id="main" class="narrow-page">
      ${h(Title, { text: w.title })}
      ${isDone
        ? html`<p class="good" role="status">${w.done}</p>${h(LoginForm, { onDone: () => go("/", { replace: true }) })}`
        : linkToken(PATH) ? h(NewPassword, { onDone: () => setDone(true) }) : html`<div class="note"><p>${BadLink()}</p></div>`}
    </main>`;
}

/** A link that is used or old, and the way to a new one. */
const BadLink = () => html`<span>${words.value.forgot.badLink} <a href="/forgot-password">${words.value.forgot.submit}</a></span>`;

function NewPassword(/** @type {{ onDone: () => void }} */ { onDone }) {
  const w = words.value.reset;
  const [password, setPassword] = useState("");
  const form = useForm(async () => {
    await create("/auth/reset-password", { token: linkToken(PATH), new_password: password });
    dropLinkToken(PATH);
    onDone();
  });
  // The hidden field is for password managers: Chromium misses a user name without it.
  return html`
    <form ref=${form.ref} class="form" method="post" novalidate onSubmit=${form.submit}>
      <input type="text" name="username" autocomplete="username" hidden />
      ${h(PasswordField, { name: "new_password", label: w.password, value: password, onInput: setPassword, autocomplete: "new-password", hint: words.value.signup.passwordHelp, fault: form.faults.new_password })}
      <p class="muted">${w.help}</p>
      ${FormError(form, { bad_reset_token: BadLink() })}
      ${SubmitButton(form, w.submit)}
    </form>`;
}
