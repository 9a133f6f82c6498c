// The changes of a calendar that are not saved yet: kept in this browser, tried on the server before they are saved.
import { signal, useEffect, useMemo, useState } from "../vendor/ui.js";
import { ApiError, create } from "../api.js";
import { faultText } from "../parts/error-text.js";
import { drop, keep, readKept } from "../parts/kept.js";
import { useReading } from "../parts/reading.js";
import { useSending } from "../parts/sending.js";
import { useUnsavedWarning } from "../parts/unsaved.js";
import { joinChanges, MAX_CHANGES } from "./changes.js";
import { paintingWords } from "./words.js";
/** @import { CalendarChange, CalendarChanged } from "../types.js" */
/** @import { Sending } from "../parts/sending.js" */
/** @typedef {{ changes: CalendarChange[], result: CalendarChanged | null }} Trial */
/**
 * @typedef {object} Draft
 * @property {CalendarChange[]} changes in the order in which they were made
 * @property {CalendarChanged | null} result what they would do; of the changes before, while the newest are tried
 * @property {boolean} isTried whether `result` belongs to `changes`
 * @property {Record<string, string>} faults what is wrong with the last change, by its field; it was dropped
 * @property {ApiError | null} error why the changes could not be tried
 * @property {(change: CalendarChange) => void} add
 * @property {() => void} undo drops the last change
 * @property {() => void} clear
 * @property {() => void} retry
 * @property {() => void} save
 * @property {Sending} sending
 */

const PATH = "/venues/{venue_id}/calendar";
const PREFIX = "halls.painting:";
/** By the id of the venue. */
const drafts = signal(/** @type {Record<string, CalendarChange[]>} */ ({}));
const NONE = /** @type {CalendarChange[]} */ ([]);

const isTooMany = (/** @type {CalendarChange[]} */ changes) => joinChanges(changes).length > MAX_CHANGES;

/**
 * Returns the draft of a venue. `version` is the ETag of the venue: the changes were made to what the owner saw.
 * @param {{ venueId: string, version: string, onSaved: (result: CalendarChanged) => Promise<void>, onStale: () => void }} props `onStale`: the venue has another version by now
 * @returns {Draft}
 */
export function useDraft({ venueId, version, onSaved, onStale }) {
  // After a log-out or a reload, the owner finds the changes again.
  const kept = useMemo(() => readKept(PREFIX + venueId) ?? NONE, [venueId]);
  const changes = drafts.value[venueId] ?? kept;
  const set = (/** @type {CalendarChange[]} */ next) => {
    drafts.value = { ...drafts.value, [venueId]: next };
    if (next.length) keep(PREFIX + venueId, next);
    else drop(PREFIX + venueId);
  };
  const [faults, setFaults] = useState(/** @type {Record<string, string>} */ ({}));
  const sending = useSending();
  const options = { parts: { venue_id: venueId }, version };
  const trial = useReading((signal) => tryChanges(changes, { ...options, signal }), [changes, version]);
  useUnsavedWarning(changes.length > 0, { isKept: true });
  useEffect(() => {
    if (trial.error?.status === 412) onStale();
    if (trial.error?.status !== 422) return;
    setFaults(readFaults(trial.error));
    set(changes.slice(0, -1));
  }, [trial.error]);
  const add = (/** @type {CalendarChange} */ change) => {
    if (sending.isBusy) return;
    const next = [...changes, change];
    sending.clear();
    setFaults(isTooMany(next) ? { changes: paintingWords.value.tooManyChanges } : {});
    if (!isTooMany(next)) set(next);
  };
  const save = () => sending.send(async () => {
    try {
      await onSaved(await create(PATH, { changes: joinChanges(changes) }, options));
      set([]);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 412) throw error;
      onStale();
    }
  });
  return {
    changes, faults, add, save, sending,
    result: changes.length ? trial.data?.result ?? null : null,
    isTried: trial.data?.changes === changes,
    error: trial.error?.status === 412 || trial.error?.status === 422 ? null : trial.error,
    undo: () => { setFaults({}); sending.clear(); set(changes.slice(0, -1)); },
    clear: () => { setFaults({}); sending.clear(); set([]); },
    retry: trial.reload,
  };
}

/** @returns {Promise<Trial>} */
async function tryChanges(/** @type {CalendarChange[]} */ changes, /** @type {import("../api.js").Options} */ options) {
  const result = changes.length ? await create(PATH, { changes: joinChanges(changes), dry_run: true }, options) : null;
  return { changes, result };
}

/** Returns the sentences by the field of the change: "changes.3.price" is about "price". "changes" is about all of them. */
const readFaults = (/** @type {ApiError} */ { details }) =>
  Object.fromEntries(details.map((fault) => {
    const name = fault.field.split(".")[2];
    return name ? [name, faultText(fault)] : ["changes", paintingWords.value.tooManyDays];
  }));
