// The state of a venue that is edited: what is stored, what was typed, and what another device has changed.
import { useEffect, useMemo, useState } from "../vendor/ui.js";
import { ApiError, change as patch, readVersion } from "../api.js";
import { useSending } from "../parts/sending.js";
import { changesOf, draftOf, mergeDrafts } from "./draft.js";
import { apiName } from "./fields.js";
import { PictureList } from "./picture-list.js";
import { faultOf, withoutFaults } from "./steps.js";
import { listingWords } from "./words.js";
/** @import { FieldFault, Venue, VenueChange } from "../types.js" */
/** @import { Draft } from "./draft.js" */
/** @typedef {ReturnType<typeof useEditor>} Editor */
/**
 * @typedef {object} State
 * @property {Venue} venue as it is stored
 * @property {string} version its ETag
 * @property {Draft} draft what the fields show
 * @property {(keyof Draft)[]} differing the fields that were changed here and, differently, on another device
 */

/** Returns the state of a venue, and what changes it. Each change is sent with the version that this page knows. `onStored` gets the venue after each change. */
export function useEditor(/** @type {Venue} */ loaded, /** @type {string} */ loadedVersion, /** @type {(venue: Venue) => void} */ onStored) {
  const [state, setState] = useState(/** @type {State} */ ({ venue: loaded, version: loadedVersion, draft: draftOf(loaded), differing: [] }));
  const [faults, setFaults] = useState(/** @type {FieldFault[]} */ ([]));
  const [isSaved, setSaved] = useState(false);
  const [turn, setTurn] = useState(0);
  const saving = useSending();
  const pausing = useSending();
  const { venue, version, draft, differing } = state;
  const parts = { venue_id: venue.id };

  const change = (/** @type {Partial<Draft>} */ changes) => {
    const names = Object.keys(changes);
    setSaved(false);
    setFaults((old) => withoutFaults(old, names.map(apiName)));
    setState((old) => ({ ...old, draft: { ...old.draft, ...changes }, differing: old.differing.filter((name) => !names.includes(name)) }));
  };
  const pictures = useMemo(() => new PictureList(draft.pictures, (urls) => change({ pictures: urls })), []);
  useEffect(() => { if (draft.pictures.join() !== pictures.urls.join()) pictures.show(draft.pictures); }, [draft.pictures]);

  /** Reads the venue again. What was typed since `base` stays. */
  const catchUp = async (/** @type {Draft} */ base) => {
    const next = await readVersion("/venues/{venue_id}", { parts });
    setState((old) => ({ ...next.data, version: next.version, ...mergeDrafts(base, old.draft, draftOf(next.data.venue)) }));
    onStored(next.data.venue);
  };
  /** Sends a change. `base` is what the stored venue is compared with afterwards. */
  const send = async (/** @type {VenueChange} */ fields, /** @type {Draft} */ base) => {
    try {
      await patch("/venues/{venue_id}", fields, { parts, version });
    } catch (error) {
      if (error instanceof ApiError && error.code === "precondition_failed") await catchUp(draftOf(venue));
      throw error;
    }
    await catchUp(base);
  };
  const save = () => saving.send(async () => {
    await send(/** @type {VenueChange} */ (changesOf(draftOf(venue), draft)), draft);
    setSaved(true);
  });
  const setListed = (/** @type {boolean} */ is_listed) => pausing.send(() => send({ is_listed }, draftOf(venue)));
  useEffect(() => {
    setFaults(saving.error?.details ?? []);
    setTurn((count) => count + 1);
  }, [saving.error]);

  const sentenceOf = (/** @type {string} */ name) => {
    const other = differing.find((one) => apiName(one) === name);
    return other ? elsewhereText(draftOf(venue)[other]) : faultOf(faults, name);
  };
  const isChanged = Object.keys(changesOf(draftOf(venue), draft)).length > 0;
  return { venue, draft, change, faultOf: sentenceOf, pictures, saving, pausing, save, setListed, isSaved: isSaved && !saving.error, isChanged, turn };
}

/** Says what another device has stored in a field that was typed here, too. */
function elsewhereText(/** @type {Draft[keyof Draft]} */ stored) {
  const w = listingWords.value.edit;
  return typeof stored === "string" && stored ? w.elsewhere(stored) : w.elsewhereOther;
}
