// The form that makes a calendar feed.
import { h, html, useRef, useState } from "../vendor/ui.js";
import { create } from "../api.js";
import { Field, TextField, useFaultFocus } from "../parts/field.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { isOwner } from "./frame.js";
import { feedWords } from "./words.js";
/** @import { FeedMade, Venue } from "../types.js" */
/** @typedef {"owner" | "venue" | "guest"} Kind */
/** @typedef {"full" | "busy"} Detail */
/** @typedef {{ currentTarget: HTMLSelectElement }} SelectEvent */

const DETAILS = /** @type {const} */ (["full", "busy"]);
const GUEST = "guest";
const ALL = "owner";

/** The value of the choice is a kind, or the id of a venue. */
export function FeedForm(/** @type {{ venues: Venue[], onMade: (made: FeedMade) => void }} */ { venues, onMade }) {
  const w = feedWords.value;
  const form = useRef(null);
  const [what, setWhat] = useState(isOwner() ? ALL : GUEST);
  const [detail, setDetail] = useState(/** @type {Detail} */ ("full"));
  const [name, setName] = useState("");
  const sending = useSending();
  useFaultFocus(form, sending.error);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    sending.send(async () => {
      const kind = what === GUEST || what === ALL ? { kind: /** @type {Kind} */ (what) } : { kind: /** @type {const} */ ("venue"), venue_id: what };
      onMade(await create("/feeds", { ...kind, detail, ...(name.trim() && { name: name.trim() }) }));
      setName("");
    });
  };
  return html`
    <form class="stack" ref=${form} novalidate onSubmit=${submit}>
      ${h(Field, {
        name: "kind", label: w.what, fault: sending.faults.kind ?? sending.faults.venue_id,
        control: ({ id, invalid, describedBy }) => html`
          <select id=${id} value=${what} aria-invalid=${invalid || undefined} aria-describedby=${describedBy} onChange=${(/** @type {SelectEvent} */ event) => setWhat(event.currentTarget.value)}>
            ${isOwner() && html`<option value=${ALL}>${w.kinds.owner}</option>`}
            ${isOwner() && venues.map((venue) => html`<option key=${venue.id} value=${venue.id}>${w.kinds.venue(venue.venue_name ?? "")}</option>`)}
            <option value=${GUEST}>${w.kinds.guest}</option>
          </select>`,
      })}
      <fieldset class="plain" aria-describedby="detail-help">
        <legend>${w.detail}</legend>
        ${DETAILS.map((each) => html`<label class="check" key=${each}><input type="radio" name="detail" checked=${detail === each} onChange=${() => setDetail(each)} />${w.details[each]}</label>`)}
        <p id="detail-help" class="muted small">${w.detailHelp[detail]}</p>
      </fieldset>
      ${h(TextField, { name: "name", label: w.name, isOptional: true, value: name, fault: sending.faults.name, onInput: setName })}
      <p class="row"><button type="submit" class="primary" aria-disabled=${sending.isBusy}>${sending.isBusy ? w.making : w.submit}</button></p>
    </form>
    ${SendingNote({ sending, texts: { limit_reached: w.limit, validation_error: null } })}`;
}
