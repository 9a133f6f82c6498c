// Who is logged in: kept in this browser's storage and shared by all its tabs.
import { signal } from "./vendor/ui.js";
/** @import { Session } from "./types.js" */
/** @typedef {{ token: string, expires_at: string, received_at: string, profile: { full_name: string | null, is_venue_owner: boolean } }} StoredSession */

const KEY = "halls.session";
/** The session, or null. */
export const session = signal(/** @type {StoredSession | null} */ (load()));
/** Whether the server ended the session, for the sentence above the log-in form. */
export const hasEnded = signal(false);

// A login or logout in one tab applies to all tabs.
addEventListener("storage", (event) => {
  if (event.key === KEY) session.value = load();
});

/** @returns {StoredSession | null} */
function load() {
  for (const storage of storages()) {
    try {
      const stored = JSON.parse(storage.getItem(KEY) ?? "null");
      if (stored?.token && Date.parse(stored.expires_at) > Date.now()) return stored;
    } catch { /* Another program wrote this entry. */ }
  }
  return null;
}

/** A browser can forbid both: then a session lasts until the page is closed. */
function storages() {
  try { return [sessionStorage, localStorage]; } catch { return []; }
}

/** Whether the session is in this tab only: "This is a shared device". */
export function isSharedDevice() {
  return storages()[0]?.getItem(KEY) != null;
}

/** Stores the session of a login, or the new token of a later response. */
export function saveSession(/** @type {Session} */ next, isShared = isSharedDevice()) {
  const { token, expires_at, profile: { full_name, is_venue_owner } } = next;
  session.value = { token, expires_at, received_at: new Date().toISOString(), profile: { full_name, is_venue_owner } };
  hasEnded.value = false;
  try {
    // The entry of this tab counts first: an older one would replace this session after a reload.
    if (!isShared) sessionStorage.removeItem(KEY);
    (isShared ? sessionStorage : localStorage).setItem(KEY, JSON.stringify(session.value));
  } catch { /* It lasts until the page is closed. */ }
}

/** Removes the session from this browser. */
export function clearSession() {
  session.value = null;
  for (const storage of storages()) storage.removeItem(KEY);
}

/** Ends the session after a 401 to `token`. Returns whether another tab has a newer token, which then counts. */
export function endSession(/** @type {string} */ token) {
  const stored = load();
  if (stored && stored.token !== token) {
    session.value = stored;
    return true;
  }
  hasEnded.value = true;
  clearSession();
  return false;
}
