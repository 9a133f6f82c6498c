// A form that sends one request: its button, what is wrong with its fields, and any other error.
import { html, useRef, useState } from "../vendor/ui.js";
import { words } from "../words.js";
import { timeOfDay } from "../days.js";
import { ApiError } from "../api.js";
import { Icon } from "../icon.js";
import { useFaultFocus } from "./field.js";
import { LONGEST_WAIT_SECONDS, RequestNumber, useCountdown } from "./error-panel.js";
import { errorText, faultsByField } from "./error-text.js";
/** @import { VNode } from "../vendor/ui.js" */

/**
 * @typedef {object} Form
 * @property {{ current: HTMLFormElement | null }} ref give it to the form element
 * @property {(event?: Event) => Promise<void>} submit give it to `onSubmit`
 * @property {boolean} isSending
 * @property {ApiError | null} error of the last attempt
 * @property {Record<string, string>} faults the sentence for each invalid field
 * @property {number | null} secondsLeft until the form is sent again by itself, after a 429
 */

/** Returns the state of a form. `send` sends it, and goes on after the success. @returns {Form} */
export function useForm(/** @type {() => Promise<void>} */ send) {
  const ref = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [isSending, setSending] = useState(false);
  const [error, setError] = useState(/** @type {ApiError | null} */ (null));
  // The form is sent again with what its fields contain then, so the newest `send` counts.
  const latest = useRef({ send, isSending });
  latest.current.send = send;
  const submit = async (/** @type {Event} */ event = new Event("submit")) => {
    event.preventDefault();
    if (latest.current.isSending) return;
    const setBoth = (/** @type {boolean} */ now) => { latest.current.isSending = now; setSending(now); };
    setBoth(true);
    try {
      await latest.current.send();
      setError(null);
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      setError(failure);
    } finally {
      setBoth(false);
    }
  };
  useFaultFocus(ref, error);
  return { ref, submit, isSending, error, faults: faultsByField(error), secondsLeft: useCountdown(error, submit) };
}

/** The button that sends the form. It keeps the focus while it waits, so it is not disabled. */
export function SubmitButton(/** @type {Form} */ { isSending, secondsLeft }, /** @type {string} */ label) {
  const w = words.value.forms;
  const text = isSending ? w.sending : secondsLeft === null ? label : w.wait(secondsLeft);
  return html`<button type="submit" class="primary" aria-disabled=${isSending || secondsLeft !== null}>${text}</button>`;
}

/** What went wrong. `known` has the form's own sentences by the code of the error. */
export function FormError(/** @type {Form} */ { error }, /** @type {Record<string, string | VNode>} */ known = {}) {
  if (!error) return null;
  return html`
    <div class="bad" role="alert">
      <p>${Icon("circle-alert")} ${known[error.code] ?? (error.code === "rate_limited" ? waitText(error) : errorText(error))}</p>
      ${!known[error.code] && RequestNumber(error)}
    </div>`;
}

function waitText(/** @type {ApiError} */ { retryAfter }) {
  const w = words.value.forms;
  return retryAfter <= LONGEST_WAIT_SECONDS ? w.busy(retryAfter) : w.busyUntil(timeOfDay(new Date(Date.now() + retryAfter * 1000)));
}
