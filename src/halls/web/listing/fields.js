// The fields of a venue that are plain: name, kind and size; what is there, description, terms.
import { h, html } from "../vendor/ui.js";
import { words } from "../words.js";
import { Field, TextField } from "../parts/field.js";
import { AMENITIES, KINDS } from "../parts/wish.js";
import { listingWords } from "./words.js";
/** @import { Draft } from "./draft.js" */
/** @typedef {{ currentTarget: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement }} InputEvent */
/**
 * @typedef {object} DraftForm what the fields of each step get
 * @property {Draft} draft
 * @property {(changes: Partial<Draft>) => void} change
 * @property {(name: string) => string | undefined} faultOf returns the sentence about a field of the API, such as `booking_rules.terms`
 */
/** @typedef {"venue_name" | "capacity" | "space_sqft" | "address" | "hold_hours" | "additional_description" | "terms"} TextName */

const API_NAMES = /** @type {Partial<Record<keyof Draft, string>>} */ ({ place: "maps_location", hold_hours: "booking_rules.hold_hours", terms: "booking_rules.terms" });

/** Returns the name of a field of the draft in the API. */
export const apiName = (/** @type {string} */ name) => API_NAMES[/** @type {keyof Draft} */ (name)] ?? name;

/** Returns what a field with one line of text needs. */
export const bind = (/** @type {DraftForm} */ { draft, change, faultOf }, /** @type {TextName} */ name) => ({
  name, value: draft[name], onInput: (/** @type {string} */ text) => change({ [name]: text }), fault: faultOf(apiName(name)),
});

export function BasicFields(/** @type {DraftForm} */ form) {
  const w = listingWords.value.basics;
  return html`
    ${h(TextField, { ...bind(form, "venue_name"), label: w.name, hint: w.nameHint, required: true })}
    ${KindField(form)}
    ${h(TextField, { ...bind(form, "capacity"), label: w.capacity, hint: w.capacityHint, inputmode: "numeric", required: true })}
    ${h(TextField, { ...bind(form, "space_sqft"), label: w.area, inputmode: "numeric", isOptional: true })}`;
}

function KindField(/** @type {DraftForm} */ { draft, change, faultOf }) {
  const w = listingWords.value.basics;
  return h(Field, {
    name: "type", label: w.kind, fault: faultOf("type"),
    control: ({ id, invalid, describedBy }) => html`
      <select id=${id} name="type" required value=${draft.type} aria-invalid=${invalid || undefined} aria-describedby=${describedBy}
        onChange=${(/** @type {InputEvent} */ event) => change({ type: event.currentTarget.value })}>
        <option value="">${w.chooseKind}</option>
        ${KINDS.map((kind) => html`<option key=${kind} value=${kind} selected=${kind === draft.type}>${words.value.kinds[kind]}</option>`)}
      </select>`,
  });
}

export function DetailFields(/** @type {DraftForm} */ form) {
  const w = listingWords.value.details;
  const { draft, change } = form;
  const toggle = (/** @type {typeof AMENITIES[number]} */ name) =>
    change({ amenities: AMENITIES.filter((other) => (other === name) !== draft.amenities.includes(other)) });
  return html`
    <fieldset class="checks">
      <legend>${w.amenities}</legend>
      ${AMENITIES.map((name) => html`<label class="check" key=${name}><input type="checkbox" checked=${draft.amenities.includes(name)} onChange=${() => toggle(name)} />${words.value.amenities[name]}</label>`)}
    </fieldset>
    ${TextArea(form, "additional_description", { label: w.description, hint: w.descriptionHint, rows: 5 })}
    ${TextArea(form, "terms", { label: w.terms, hint: w.termsHint, rows: 4 })}
    ${h(TextField, { ...bind(form, "hold_hours"), label: w.hold, hint: w.holdHint, inputmode: "numeric", isOptional: true })}`;
}

function TextArea(/** @type {DraftForm} */ form, /** @type {TextName} */ name, /** @type {{ label: string, hint: string, rows: number }} */ { label, hint, rows }) {
  const { value, onInput, fault } = bind(form, name);
  return h(Field, {
    name, label, hint, fault, isOptional: true,
    control: ({ id, invalid, describedBy }) => html`
      <textarea id=${id} name=${name} rows=${rows} dir="auto" value=${value} aria-invalid=${invalid || undefined} aria-describedby=${describedBy}
        onInput=${(/** @type {InputEvent} */ event) => onInput(event.currentTarget.value)}></textarea>`,
  });
}
