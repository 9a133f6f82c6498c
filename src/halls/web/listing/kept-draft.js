// The draft of a new venue in this browser's storage, apart for each account, until it is sent.
import { drop, keep, readKept } from "../parts/kept.js";
import { randomText } from "../random-text.js";
import { EMPTY } from "./draft.js";
import { newCalendar } from "./first-calendar.js";
/** @import { Profile } from "../types.js" */
/** @import { Draft } from "./draft.js" */
/** @import { FirstCalendar } from "./first-calendar.js" */
/**
 * @typedef {Draft & { contact_number: string, calendar: FirstCalendar, key: string, storedAt: Record<string, number> }} NewDraft
 * `key` is the Idempotency-Key of the draft. `storedAt` has the moment at which each photograph was stored.
 */

const PREFIX = "halls.listing:";
const MAX_AGE_MS = 23 * 3_600_000;

/** @returns {NewDraft} */
export function newDraft(/** @type {Profile} */ profile) {
  return { ...EMPTY, contact_number: profile.contact_number ?? "", calendar: newCalendar(), key: randomText(), storedAt: {} };
}

/** Returns the draft of an account, and how many of its photographs the server has deleted since: it deletes unused files after a day. */
export function loadDraft(/** @type {Profile} */ profile, now = Date.now()) {
  const draft = { ...newDraft(profile), .../** @type {Partial<NewDraft> | null} */ (readKept(PREFIX + profile.id)) };
  const pictures = draft.pictures.filter((url) => now - (draft.storedAt[url] ?? 0) < MAX_AGE_MS);
  return { draft: { ...draft, pictures }, lost: draft.pictures.length - pictures.length };
}

export const keepDraft = (/** @type {Profile} */ profile, /** @type {NewDraft} */ draft) => keep(PREFIX + profile.id, draft);

export const dropDraft = (/** @type {Profile} */ profile) => drop(PREFIX + profile.id);
