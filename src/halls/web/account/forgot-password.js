// The page of a forgotten password: sends an e-mail with a link to /reset-password.
import { h, html, useState } from "../vendor/ui.js";
import { withNext } from "../router.js";
import { words } from "../words.js";
import { create } from "../api.js";
import { TextField } from "../parts/field.js";
import { FormError, SubmitButton, useForm } from "../parts/form.js";
import { Title } from "./title.js";

export const styles = ["parts"];

export default function ForgotPasswordPage() {
  const w = words.value.forgot;
  const [email, setEmail] = useState("");
  const [sentTo, setSentTo] = useState("");
  const form = useForm(async () => {
    await create("/auth/forgot-password", { email });
    setSentTo(email);
  });
  return html`
    <main id="main" class="narrow-page">
      ${h(Title, { text: w.title })}
      <p>${w.intro}</p>
      <form ref=${form.ref} class="form" method="post" novalidate onSubmit=${form.submit}>
        ${TextField({ name: "email", type: "email", label: words.value.login.email, value: email, onInput: setEmail, autocomplete: "username", required: true, fault: form.faults.email })}
        ${FormError(form)}
        <div role="status">${sentTo && !form.error && html`<p class="good">${w.sent(sentTo)}</p>`}</div>
        ${SubmitButton(form, sentTo ? w.again : w.submit)}
      </form>
      <p class="row"><a href=${withNext("/login")}>${w.back}</a></p>
    </main>`;
}
