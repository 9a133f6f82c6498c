// Reads what a page of an account shows, and sends a visitor without a session to the log-in page.
import { useEffect, useState } from "../vendor/ui.js";
import { ApiError } from "../api.js";
import { go, isUnsaved } from "../router.js";
import { hasEnded, session } from "../session.js";
/** @template T @typedef {{ data: T | null, error: ApiError | null, reload: () => void, replace: (data: T) => void }} Reading `data` stays while it is read again. */

/**
 * Reads with the session, again for other `inputs` and after a log-in.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} load @param {unknown[]} inputs
 * @returns {Reading<T>}
 */
export function useReading(load, inputs) {
  const [state, setState] = useState(/** @type {{ data: T | null, error: ApiError | null }} */ ({ data: null, error: null }));
  const [turn, setTurn] = useState(0);
  const token = session.value?.token;
  useEffect(() => {
    if (!token) return undefined;
    const stop = new AbortController();
    const fail = (/** @type {unknown} */ error) => {
      if (stop.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      setState(({ data }) => ({ data, error }));
    };
    load(stop.signal).then((data) => setState({ data, error: null })).catch(fail);
    return () => stop.abort();
  }, [...inputs, token, turn]);
  return { ...state, reload: () => setTurn((count) => count + 1), replace: (data) => setState({ data, error: null }) };
}

/** Returns the address of the log-in page that leads back to the current address, with its fragment. */
export const logInAddress = () => `/login?next=${encodeURIComponent(location.pathname + location.search + location.hash)}`;

/**
 * Returns whether the page may show something: there is a session, or the server or another tab ended it and a form
 * waits for a new one. Everybody else is sent to the log-in page, unless the page no longer needs an account.
 */
export function useAccess(isNeeded = true) {
  const isOut = isNeeded && !session.value && !hasEnded.value && !isUnsaved.value;
  useEffect(() => { if (isOut) go(logInAddress(), { replace: true }); }, [isOut]);
  return !isOut;
}
