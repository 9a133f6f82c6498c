// The page of the link that confirms an e-mail address. Only its button confirms: programs of mail servers open links too.
import { h, html, useState } from "../vendor/ui.js";
import { words } from "../words.js";
import { create } from "../api.js";
import { session } from "../session.js";
import { dropLinkToken, linkToken } from "../link-token.js";
import { FormError, SubmitButton, useForm } from "../parts/form.js";
import { LoginForm } from "../parts/login-form.js";
import { Title } from "./title.js";

export const styles = ["parts"];
const PATH = "/verify-email";

export default function VerifyEmailPage() {
  const w = words.value.verify;
  const [confirmed, setConfirmed] = useState("");
  return html`
    <main id="main" class="narrow-page">
      ${h(Title, { text: w.title })}
      ${confirmed ? Confirmed(confirmed) : session.value ? h(Confirm, { onDone: setConfirmed }) : html`
        <p>${w.logIn}</p>
        ${h(LoginForm, { onDone: () => {} })}`}
    </main>`;
}

function Confirmed(/** @type {string} */ email) {
  return html`
    <p class="good" role="status">${words.value.verify.done(email)}</p>
    <a class="primary" href="/">${words.value.login.goOn}</a>`;
}

function Confirm(/** @type {{ onDone: (email: string) => void }} */ { onDone }) {
  const w = words.value.verify;
  const [isSent, setSent] = useState(false);
  const token = linkToken(PATH);
  const form = useForm(async () => {
    const { profile } = await create("/auth/verify-email", { token });
    dropLinkToken(PATH);
    onDone(profile.email);
  });
  const sending = useForm(async () => {
    await create("/auth/verify-email/send", {});
    setSent(true);
  });
  const isBad = !token || form.error?.code === "bad_link";
  return html`
    <p>${w.account} <bdi>${session.value?.profile.full_name ?? w.noName}</bdi> · <a href="/login?next=/verify-email">${w.otherAccount}</a></p>
    ${!isBad && html`
      <form ref=${form.ref} class="form" method="post" onSubmit=${form.submit}>
        ${FormError(form)}
        ${SubmitButton(form, w.submit)}
      </form>`}
    ${isBad && html`
      <form ref=${sending.ref} class="form" method="post" onSubmit=${sending.submit}>
        <p class="bad" role="alert">${words.value.forgot.badLink}</p>
        ${FormError(sending)}
        <div role="status">${isSent && html`<p class="good">${w.sent}</p>`}</div>
        ${SubmitButton(sending, words.value.forgot.submit)}
      </form>`}`;
}
