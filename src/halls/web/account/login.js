// The log-in page, to which Google leads back too. Afterwards it leads to `next` of the address.
import { h, html, useEffect, useRef } from "../vendor/ui.js";
import { go, nextPath } from "../router.js";
import { words } from "../words.js";
import { takeAnswer } from "../google.js";
import { session } from "../session.js";
import { LoginForm } from "../parts/login-form.js";
import { GoogleLogin } from "./google-login.js";
import { Title } from "./title.js";

export const styles = ["parts"];

// Google's answer arrives with a new document, so this module reads it once.
let answer = takeAnswer();

export default function LoginPage() {
  const w = words.value.login;
  const google = useRef(answer).current;
  // With a session, this page is for another account. Without one, a log-in in another tab counts here, too.
  const hadSession = useRef(session.value !== null).current;
  const leave = () => go(nextPath(google && "purpose" in google ? google.purpose.next : undefined), { replace: true });
  const onDone = () => { if (hadSession) leave(); };
  useEffect(() => { if (session.value && !hadSession) leave(); }, [session.value]);
  useEffect(() => { answer = null; }, []);
  return html`
    <main id="main" class="narrow-page">
      ${h(Title, { text: w.title })}
      ${google && h(GoogleLogin, { answer: google, onDone })}
      ${hadSession && session.value && html`<p>${w.already} <bdi>${session.value.profile.full_name}</bdi> <a href=${nextPath()}>${w.goOn}</a></p>`}
      ${h(LoginForm, { onDone })}
    </main>`;
}
