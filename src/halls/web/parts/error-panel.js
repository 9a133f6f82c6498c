// The panel in place of what could not be loaded: what happened, and a way on. After a 429 it tries again by itself.
import { html, useEffect, useState } from "../vendor/ui.js";
import { words } from "../words.js";
import { timeOfDay } from "../days.js";
import { Icon } from "../icon.js";
import { CopyButton } from "./copy-button.js";
import { errorText } from "./error-text.js";
/** @import { ApiError } from "../api.js" */
/** @typedef {{ busy: (seconds: number) => string, busyUntil: (time: string) => string }} BusyWords */
/** @typedef {{ error: ApiError, onRetry: () => void, busyWords?: BusyWords }} Props `busyWords`: the sentences after a 429 */

export const LONGEST_WAIT_SECONDS = 60;
const WAITING = ["rate_limited", "search_not_ready"];

export function ErrorPanel(/** @type {Props} */ { error, onRetry, busyWords = words.value.errors }) {
  const w = words.value;
  const seconds = useCountdown(error, onRetry);
  return html`
    <div class="note" role="alert">
      <p>${seconds === null ? textWithoutWait(error, busyWords) : error.code === "search_not_ready" ? w.errors.searchStarts(seconds) : busyWords.busy(seconds)}</p>
      ${RequestNumber(error)}
      ${seconds === null && error.status !== 404 && html`<p class="row"><button type="button" class="outline" onClick=${onRetry}>${Icon("rotate-cw")}${w.common.again}</button></p>`}
    </div>`;
}

/** Returns the number of a request that failed on our side, by which the operator finds it, or null. */
export function RequestNumber(/** @type {ApiError} */ { status, code, requestId }) {
  const isOurs = status >= 500 && code !== "database_unavailable" && !WAITING.includes(code);
  return isOurs && requestId ? html`<p class="small">${words.value.errors.request} <code>${requestId}</code> ${CopyButton({ text: requestId })}</p>` : null;
}

function textWithoutWait(/** @type {ApiError} */ error, /** @type {BusyWords} */ busyWords) {
  if (error.code !== "rate_limited") return errorText(error);
  return busyWords.busyUntil(timeOfDay(new Date(Date.now() + error.retryAfter * 1000)));
}

/** Returns the seconds until `onRetry` is called, or null if the person has to ask for it. @returns {number | null} */
export function useCountdown(/** @type {ApiError | null} */ error, /** @type {() => void} */ onRetry) {
  const waits = error !== null && WAITING.includes(error.code) && error.retryAfter > 0 && error.retryAfter <= LONGEST_WAIT_SECONDS;
  const [left, setLeft] = useState(error?.retryAfter ?? 0);
  useEffect(() => {
    if (!waits) return undefined;
    setLeft(error.retryAfter);
    const until = Date.now() + error.retryAfter * 1000;
    const timer = setInterval(() => {
      const seconds = Math.ceil((until - Date.now()) / 1000);
      setLeft(Math.max(1, seconds));
      if (seconds > 0) return;
      clearInterval(timer);
      onRetry();
    }, 250);
    return () => clearInterval(timer);
  }, [error]);
  return waits ? left : null;
}
