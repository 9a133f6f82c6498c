// Renews the token after half of its lifetime while the tab is used, and ends the session on the server.
import { signal } from "./vendor/ui.js";
import { ApiError, create } from "./api.js";
import { clearSession, saveSession, session } from "./session.js";

const CHECK_EVERY_MS = 60_000;
/** The session that a logout could not end on the server, or null. */
export const unended = signal(/** @type {{ token: string, everywhere: boolean } | null} */ (null));

/** Starts to renew the token. */
export function keepSessionFresh() {
  setInterval(renewIfDue, CHECK_EVERY_MS);
  document.addEventListener("visibilitychange", renewIfDue);
  renewIfDue();
}

async function renewIfDue() {
  const current = session.value;
  if (!current || document.visibilityState !== "visible" || !isHalfOver(current.received_at, current.expires_at)) return;
  // A 401 has ended the session already. After another error, the next check tries again.
  try { saveSession(await create("/auth/refresh", {})); } catch { /* See above. */ }
}

/** Whether half of the time between two moments has passed. */
export function isHalfOver(/** @type {string} */ from, /** @type {string} */ to, now = Date.now()) {
  return now >= (Date.parse(from) + Date.parse(to)) / 2;
}

/** Logs out here and on the server. If the server could not be reached, `unended` has the session: its token is still valid. */
export async function logOut({ everywhere = false } = {}) {
  const token = session.value?.token;
  clearSession();
  if (token) await endOnServer({ token, everywhere });
}

/** Ends a session on the server. Without success, it is in `unended` for another attempt. */
export async function endOnServer(/** @type {{ token: string, everywhere: boolean }} */ { token, everywhere }) {
  try {
    await create("/auth/logout", { everywhere }, { token });
    unended.value = null;
  } catch (error) {
    const isEnded = error instanceof ApiError && error.status === 401;
    unended.value = isEnded ? null : { token, everywhere };
  }
}
