// The page of the link "This was not me". Only its button ends the account: programs of mail servers open links too.
import { h, html, useState } from "../vendor/ui.js";
import { words } from "../words.js";
import { create } from "../api.js";
import { dropLinkToken, linkToken } from "../link-token.js";
import { FormError, SubmitButton, useForm } from "../parts/form.js";
import { Title } from "./title.js";

export const styles = ["parts"];
const PATH = "/disown-email";

export default function DisownEmailPage() {
  const w = words.value.disown;
  const [isDone, setDone] = useState(false);
  return html`
    <main id="main" class="narrow-page">
      ${h(Title, { text: w.title })}
      ${isDone ? Done() : linkToken(PATH) ? h(Disown, { onDone: () => setDone(true) }) : html`<div class="note"><p>${w.badLink}</p></div>`}
    </main>`;
}

function Done() {
  const w = words.value.disown;
  return html`
    <p class="good" role="status">${w.done}</p>
    <p>${w.takeOver} <a href="/forgot-password">${w.takeOverLink}</a></p>`;
}

function Disown(/** @type {{ onDone: () => void }} */ { onDone }) {
  const w = words.value.disown;
  const form = useForm(async () => {
    await create("/auth/disown-email", { token: linkToken(PATH) });
    dropLinkToken(PATH);
    onDone();
  });
  return html`
    <p>${w.text}</p>
    <form ref=${form.ref} class="form" method="post" onSubmit=${form.submit}>
      ${FormError(form, { bad_link: w.badLink })}
      ${SubmitButton(form, w.submit)}
    </form>`;
}
