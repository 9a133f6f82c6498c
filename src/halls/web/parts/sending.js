// Sends a change of a form, and says what went wrong. After a log-in or a wait, the change is sent again.
import { h, html, useEffect, useRef, useState } from "../vendor/ui.js";
import { ApiError } from "../api.js";
import { session } from "../session.js";
import { words } from "../words.js";
import { ErrorPanel } from "./error-panel.js";
import { errorText, faultsByField } from "./error-text.js";
import { LazyLogin } from "./lazy-login.js";
/**
 * @typedef {object} Sending
 * @property {boolean} isBusy whether a response is awaited
 * @property {ApiError | null} error the last error
 * @property {Record<string, string>} faults the sentences of the invalid fields
 * @property {(action: () => Promise<void>) => Promise<void>} send sends a change
 * @property {() => void} again sends the last change again
 * @property {() => void} clear forgets the error
 */

/** @returns {Sending} */
export function useSending() {
  const [isBusy, setBusy] = useState(false);
  const [{ error, faults }, setFailure] = useState(readFailure(null));
  const isRunning = useRef(false);
  const last = useRef(/** @type {(() => Promise<void>) | null} */ (null));
  const send = async (/** @type {() => Promise<void>} */ action) => {
    if (isRunning.current) return; // A double click sends once.
    last.current = action;
    isRunning.current = true;
    setBusy(true);
    try {
      await action();
      setFailure(readFailure(null));
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught;
      setFailure(readFailure(caught));
    } finally {
      isRunning.current = false;
      setBusy(false);
    }
  };
  const again = () => { if (last.current) send(last.current); };
  const token = session.value?.token;
  useEffect(() => {
    if (!token || !needsLogIn(error)) return;
    setFailure(readFailure(null)); // The change itself can bring a new token, which must not send it once more.
    again();
  }, [token]);
  return { isBusy, error, faults, send, again, clear: () => setFailure(readFailure(null)) };
}

const readFailure = (/** @type {ApiError | null} */ error) => ({ error, faults: faultsByField(error) });

/** Whether the session ended. A wrong password in the body is a 401 too. */
const needsLogIn = (/** @type {ApiError | null} */ error) => error?.status === 401 && error.code !== "bad_credentials";

/** Returns what the person reads about the last error, or null. Place it outside of the form. `texts` are sentences by code, null for one that stands beside a field. */
export function SendingNote(/** @type {{ sending: Sending, texts?: Record<string, string | null> }} */ { sending: { error, again }, texts = {} }) {
  if (!error) return null;
  if (needsLogIn(error)) return html`<div class="note stack"><p role="alert">${words.value.profile.logInAgain}</p>${h(LazyLogin, { submitLabel: words.value.profile.logInAndSend })}</div>`;
  const own = texts[error.code];
  if (own === null) return null;
  if (own === undefined && (error.status < 400 || error.status >= 500 || error.status === 429)) return h(ErrorPanel, { error, onRetry: again, busyWords: words.value.forms });
  return html`<p class="bad" role="alert">${own ?? errorText(error)}</p>`;
}
