// The log-in form inside another page, for a session that ended. Its modules load when it is shown, because most readers never see it.
import { h, html, useEffect, useState } from "../vendor/ui.js";
import { words } from "../words.js";
/** @typedef {typeof import("./login-form.js")} FormModule */

/** `submitLabel` says what happens after the log-in. */
export function LazyLogin(/** @type {{ submitLabel: string }} */ { submitLabel }) {
  const [form, setForm] = useState(/** @type {FormModule | "failed" | null} */ (null));
  useEffect(() => { import("./login-form.js").then(setForm).catch(() => setForm("failed")); }, []);
  // Without a connection, the log-in page says so itself.
  if (form === "failed") return html`<p><a href="/login">${words.value.login.title}</a></p>`;
  if (!form) return html`<p role="status">${words.value.common.loading}</p>`;
  return h(form.LoginForm, { onDone: () => {}, submitLabel });
}
