// Finishes the log-in with Google after its page has led back here.
import { html, useEffect } from "../vendor/ui.js";
import { words } from "../words.js";
import { create } from "../api.js";
import { saveSession } from "../session.js";
import { FormError, useForm } from "../parts/form.js";
import { suspendedText } from "../parts/error-text.js";
/** @import { Answer } from "../google.js" */

export function GoogleLogin(/** @type {{ answer: Answer, onDone: () => void }} */ { answer, onDone }) {
  const w = words.value.login;
  const form = useForm(async () => {
    if ("error" in answer) return;
    const { token, purpose } = answer;
    // False is not sent: it would say nothing, and an owner stays an owner.
    saveSession(await create("/auth/google", { id_token: token, ...(purpose.isOwner && { is_venue_owner: true }) }), purpose.isShared);
    onDone();
  });
  useEffect(() => { form.submit(); }, []);
  if ("error" in answer) return html`<p class="bad" role="alert">${answer.error === "cancelled" ? w.googleCancelled : w.googleWrong}</p>`;
  if (form.isSending) return html`<p role="status">${w.googleWaits}</p>`;
  return FormError(form, {
    bad_google_token: w.googleWrong, google_unavailable: w.googleFails, not_configured: w.googleFails,
    email_taken: w.googleTaken, suspended: suspendedText(form.error),
  });
}
