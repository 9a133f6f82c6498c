// The log-in inside the panel: the request stays as it is, and is sent after it.
import { h, html, useEffect, useRef, useState } from "../vendor/ui.js";
import { withNext } from "../router.js";
import { words } from "../words.js";
/** @typedef {typeof import("../parts/login-form.js")} FormModule */

export function SignIn(/** @type {{ onDone: () => void }} */ { onDone }) {
  const w = words.value.venue;
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [form, setForm] = useState(/** @type {FormModule | "failed" | null} */ (null));
  // Most guests only look: they do not load the form.
  useEffect(() => { import("../parts/login-form.js").then(setForm).catch(() => setForm("failed")); }, []);
  useEffect(() => box.current?.querySelector("input")?.focus(), [form]);
  return html`
    <div class="sign-in" ref=${box} aria-busy=${form === null}>
      <p>${w.logInFirst}</p>
      ${form === "failed" ? html`<a class="primary" href=${withNext("/login")}>${words.value.frame.logIn}</a>` : form && h(form.LoginForm, { onDone, submitLabel: w.logInAndSend })}
    </div>`;
}
