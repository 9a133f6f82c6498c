// Edits a venue, pauses it, and takes it down.
import { h, html, useEffect, useRef, useState } from "../vendor/ui.js";
import { read, readVersion } from "../api.js";
import { words } from "../words.js";
import { Icon } from "../icon.js";
import { useFaultFocus } from "../parts/field.js";
import { useReading } from "../parts/reading.js";
import { SendingNote } from "../parts/sending.js";
import { useUnsavedWarning } from "../parts/unsaved.js";
import { OwnerPage, Waiting } from "../owner/frame.js";
import { ownerWords } from "../owner/words.js";
import { useEditor } from "./editor.js";
import { BasicFields, DetailFields } from "./fields.js";
import { NotLoaded, useLaterFields } from "./later.js";
import { TakeDown } from "./take-down.js";
import { listingWords } from "./words.js";
/** @import { VNode } from "../vendor/ui.js" */
/** @import { Profile, Venue } from "../types.js" */
/** @import { Editor } from "./editor.js" */
/** @typedef {{ profile: Profile, venue: Venue, version: string }} Loaded */
/** @typedef {ReturnType<typeof useLaterFields>} LaterFields they are loaded while the venue is read */

export const styles = ["listing", "owner", "parts"];

/** @returns {Promise<Loaded>} */
async function readOwn(/** @type {string} */ id, /** @type {AbortSignal} */ signal) {
  const [{ profile }, { data, version }] = await Promise.all([read("/auth/me", { signal }), readVersion("/venues/{venue_id}", { parts: { venue_id: id }, signal })]);
  return { profile, venue: data.venue, version };
}

export default function EditPage(/** @type {{ parts: Record<string, string> }} */ { parts: { id = "" } }) {
  const w = listingWords.value.edit;
  const [isGone, setGone] = useState(false);
  const reading = useReading((signal) => readOwn(id, signal), [id]);
  const { data } = reading;
  const later = useLaterFields();
  const isOwn = data !== null && data.venue.owner_id === data.profile.id;
  return h(OwnerPage, {
    title: isOwn && !isGone ? data.venue.venue_name : w.title, tab: "venues", kind: "slim listing", back: { href: "/owner/venues", label: ownerWords.value.tabs.venues },
    children: isGone ? h(Gone, null)
      : !data ? Waiting({ reading })
      : isOwn ? h(Sections, { key: data.venue.id, loaded: data, later, onStored: (venue) => reading.replace({ ...data, venue }), onGone: () => setGone(true) })
      : html`<div class="note"><p>${words.value.errors.notYours}</p></div>`,
  });
}

/** The result of taking a venue down. It gets the focus, because the button that had it is gone. */
function Gone() {
  const result = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => { result.current?.focus(); }, []);
  return html`<p ref=${result} class="good" role="status" tabindex="-1">${listingWords.value.edit.gone}</p>`;
}

function Sections(/** @type {{ loaded: Loaded, later: LaterFields, onStored: (venue: Venue) => void, onGone: () => void }} */ { loaded, later, onStored, onGone }) {
  const w = listingWords.value.edit;
  const links = ownerWords.value.links;
  const editor = useEditor(loaded.venue, loaded.version, onStored);
  const { id } = loaded.venue;
  return html`
    <p class="row">
      <a class="outline" href=${`/owner/venues/${id}/calendar`}>${Icon("calendar-days")}${links.calendar}</a>
      <a class="outline" href=${`/hall/${id}`}>${Icon("eye")}${links.show}</a>
    </p>
    ${Section("listed", w.listed, h(Pause, { editor }))}
    ${h(EditForm, { editor, later, profile: loaded.profile })}
    ${Section("take-down", w.takeDown, h(TakeDown, { id, onGone }))}`;
}

const Section = (/** @type {string} */ id, /** @type {string} */ title, /** @type {VNode} */ content) => html`
  <section class="part-of-venue" aria-labelledby=${id}><h2 id=${id}>${title}</h2>${content}</section>`;

/** Whether guests can find and book the venue, and the button that changes it. */
function Pause(/** @type {{ editor: Editor }} */ { editor: { venue, pausing, setListed } }) {
  const w = listingWords.value.edit;
  if (venue.is_hidden) return html`<p role="status" class="paused">${w.hidden}</p>`;
  return html`
    <p role="status" class=${venue.is_listed ? "" : "paused"}>${venue.is_listed ? w.isListed : w.isPaused}</p>
    <p class="row"><button type="button" class="outline" aria-disabled=${pausing.isBusy} onClick=${() => setListed(!venue.is_listed)}>${Icon(venue.is_listed ? "pause" : "play")}${venue.is_listed ? w.pause : w.goOn}</button></p>
    ${SendingNote({ sending: pausing, texts: { precondition_failed: w.changedPress, suspended: w.hidden } })}`;
}

function EditForm(/** @type {{ editor: Editor, later: LaterFields, profile: Profile }} */ { editor, later, profile }) {
  const w = listingWords.value;
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const { draft, change, faultOf, pictures, saving, save, isSaved, isChanged, turn } = editor;
  useFaultFocus(form, turn);
  useUnsavedWarning(isChanged || pictures.isBusy);
  const fields = { draft, change, faultOf };
  const isWaiting = saving.isBusy || pictures.isBusy;
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (isChanged && !isWaiting) save();
  };
  return html`
    <form ref=${form} class="form" novalidate method="post" onSubmit=${submit}>
      ${Section("basics", w.steps.basics, html`<div class="form">${BasicFields(fields)}</div>`)}
      ${Section("place", w.steps.place, html`<div class="form">${typeof later === "string" ? NotLoaded(later) : h(later.PlaceFields, fields)}</div>`)}
      ${Section("pictures", w.steps.pictures, typeof later === "string" ? html`<p></p>` : h(later.PictureFields, { list: pictures, fault: faultOf("pictures") }))}
      ${Section("details", w.steps.details, html`<div class="form">${DetailFields(fields)}${Contact(profile)}</div>`)}
      <div class="save-bar">
        <button type="submit" class="primary" aria-disabled=${isWaiting || !isChanged}>${saving.isBusy ? w.edit.saving : w.edit.save}</button>
        <span role="status" class="saved">${pictures.isBusy ? w.picturesGoing : isChanged ? w.edit.unsaved : isSaved ? w.edit.saved : ""}</span>
      </div>
    </form>
    ${SendingNote({ sending: saving, texts: { precondition_failed: w.edit.changed } })}`;
}

/** The number belongs to the account, so it is changed there. */
function Contact(/** @type {Profile} */ { contact_number }) {
  const w = listingWords.value.details;
  return html`<p>${contact_number ? html`${w.phone}: <bdi dir="ltr">${contact_number}</bdi>` : w.noPhone} <a href="/account">${w.changePhone}</a></p>`;
}
