// Log-in with Google, without a script of Google: a link to its page, which leads back to /login with an id token.
import { setting } from "./settings.js";

const KEY = "halls.google";
const PAGE = "https://accounts.google.com/o/oauth2/v2/auth";
/** What a log-in goes on with afterwards. @typedef {{ next: string, isShared: boolean, isOwner: boolean }} Purpose */
/** @typedef {{ error: string } | { token: string, purpose: Purpose }} Answer `error`: "cancelled", or "wrong" for an answer that this tab did not ask for. */

/** Whether this server offers the log-in with Google. Browsers make random ids over HTTPS and on localhost only. */
export const hasGoogle = () => isSecureContext && setting("google-client-id") !== "";

/** Returns the address of Google's page. Google sends back `state`, and puts `nonce` into the id token. */
export function googleAddress(/** @type {{ state: string, nonce: string }} */ { state, nonce }) {
  const query = {
    client_id: setting("google-client-id"), redirect_uri: `${location.origin}/login`, response_type: "id_token",
    scope: "openid email profile", state, nonce, prompt: "select_account",
  };
  return `${PAGE}?${new URLSearchParams(query)}`;
}

/** Remembers in this tab what it asks Google for. */
export function rememberRequest(/** @type {{ state: string, nonce: string }} */ { state, nonce }, /** @type {Purpose} */ purpose) {
  try { sessionStorage.setItem(KEY, JSON.stringify({ state, nonce, purpose })); } catch { /* The answer will be "wrong". */ }
}

/** Takes Google's answer out of the address, or returns null. It counts once, and only for the request of this tab. @returns {Answer | null} */
export function takeAnswer() {
  const answer = new URLSearchParams(location.hash.slice(1));
  if (!answer.has("state")) return null;
  history.replaceState(history.state, "", location.pathname + location.search);
  const request = takeRequest();
  const token = answer.get("id_token") ?? "";
  if (!request || answer.get("state") !== request.state) return { error: "wrong" };
  if (answer.has("error")) return { error: "cancelled" };
  return readNonce(token) === request.nonce ? { token, purpose: request.purpose } : { error: "wrong" };
}

/** @returns {{ state: string, nonce: string, purpose: Purpose } | null} */
function takeRequest() {
  try {
    const stored = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    sessionStorage.removeItem(KEY);
    return stored?.state && stored.nonce ? stored : null;
  } catch {
    return null;
  }
}

/** Returns the nonce in an id token. The server checks its signature. @returns {string | null} */
function readNonce(/** @type {string} */ token) {
  try {
    return JSON.parse(atob((token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/"))).nonce ?? null;
  } catch {
    return null;
  }
}
