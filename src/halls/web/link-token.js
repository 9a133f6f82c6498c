// The token of a mailed link. It leaves the address before anything else happens: app.js imports this module first.

const PAGES = ["/reset-password", "/verify-email", "/disown-email"];
const PREFIX = "halls.link:";
/** Tokens by path, for a browser without storage. @type {Map<string, string>} */
const tokens = new Map();

const url = new URL(location.href);
const given = url.searchParams.get("token");
if (given !== null && PAGES.includes(url.pathname)) {
  url.searchParams.delete("token");
  history.replaceState(history.state, "", url);
  tokens.set(url.pathname, given);
  // A log-in and a reload may come in between.
  try { sessionStorage.setItem(PREFIX + url.pathname, given); } catch { /* It lasts until the page is closed. */ }
}

/** Returns the token with which this tab opened a page, or an empty text. */
export function linkToken(/** @type {string} */ path) {
  try { return tokens.get(path) ?? sessionStorage.getItem(PREFIX + path) ?? ""; } catch { return tokens.get(path) ?? ""; }
}

/** Forgets the token of a page after its use. */
export function dropLinkToken(/** @type {string} */ path) {
  tokens.delete(path);
  try { sessionStorage.removeItem(PREFIX + path); } catch { /* There is none. */ }
}
