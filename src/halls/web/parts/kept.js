// What a person has typed and not sent yet, in this browser's storage.
import { isSharedDevice } from "../session.js";

/** Returns what is kept under a key, or null. */
export function readKept(/** @type {string} */ key) {
  try { return JSON.parse(storage().getItem(key) ?? "null"); } catch { return null; }
}

/** Keeps a value. A browser without storage keeps it until the page is closed. */
export function keep(/** @type {string} */ key, /** @type {unknown} */ value) {
  try { storage().setItem(key, JSON.stringify(value)); } catch { /* See above. */ }
}

export function drop(/** @type {string} */ key) {
  try { storage().removeItem(key); } catch { /* There is none. */ }
}

/** On a shared device, what is kept ends with the tab, as the session does. */
const storage = () => (isSharedDevice() ? sessionStorage : localStorage);
