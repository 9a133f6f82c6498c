// One Idempotency-Key for each wish: a double click, a reload and a login in between make one booking.
import { randomText } from "./random-text.js";

const PREFIX = "halls.key:";

/** Returns the key of a wish, such as the body of a booking. It is the same until `dropWishKey`. */
export function wishKey(/** @type {object} */ wish) {
  const name = PREFIX + JSON.stringify(wish);
  try {
    const key = sessionStorage.getItem(name) ?? randomText();
    sessionStorage.setItem(name, key);
    return key;
  } catch {
    return randomText(); // Without storage, only a reload can book twice.
  }
}

/** Whether a wish has been sent without a success: its first response may have been lost. */
export function hasWishKey(/** @type {object} */ wish) {
  try { return sessionStorage.getItem(PREFIX + JSON.stringify(wish)) !== null; } catch { return false; }
}

/** Forgets the key after the success. Otherwise the same wish would get the old booking, even a cancelled one. */
export function dropWishKey(/** @type {object} */ wish) {
  try { sessionStorage.removeItem(PREFIX + JSON.stringify(wish)); } catch { /* There is no key. */ }
}
