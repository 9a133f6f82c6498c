// A field of a form: its label, its control, a hint, and what is wrong with it.
import { html, useEffect } from "../vendor/ui.js";
import { words } from "../words.js";
/** @import { VNode } from "../vendor/ui.js" */
/** @typedef {{ id: string, invalid: boolean, describedBy: string | undefined }} ControlProps */
/** @typedef {{ name: string, label: string, fault?: string | VNode, hint?: string, isOptional?: boolean, control: (props: ControlProps) => VNode }} FieldProps */

const LEFT_TO_RIGHT = ["email", "tel", "url"];

/** Returns a field. `control` makes the input; give it `id`, `aria-invalid` and `aria-describedby` from its argument. */
export function Field(/** @type {FieldProps} */ { name, label, fault, hint, isOptional = false, control }) {
  const id = `field-${name}`;
  const notes = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ");
  return html`
    <div class="field">
      <label for=${id}>${label}${isOptional && html` <span class="muted">(${words.value.common.optional})</span>`}</label>
      ${control({ id, invalid: Boolean(fault), describedBy: notes || undefined })}
      ${hint && html`<p id=${`${id}-hint`} class="muted small">${hint}</p>`}
      ${fault && html`<p id=${`${id}-fault`} class="fault">${fault}</p>`}
    </div>`;
}

/** @typedef {Omit<FieldProps, "control"> & { type?: string, value: string, onInput: (text: string) => void, autocomplete?: string, required?: boolean, inputmode?: string, min?: number, max?: number }} TextFieldProps */

/** Returns a field with one line of text. */
export function TextField(/** @type {TextFieldProps} */ { type = "text", value, onInput, autocomplete, required = false, inputmode, min, max, ...field }) {
  return Field({
    ...field,
    control: ({ id, invalid, describedBy }) => html`
      <input id=${id} name=${field.name} type=${type} value=${value} autocomplete=${autocomplete} required=${required} inputmode=${inputmode} min=${min} max=${max}
        dir=${type === "text" ? "auto" : LEFT_TO_RIGHT.includes(type) ? "ltr" : undefined} aria-invalid=${invalid || undefined} aria-describedby=${describedBy}
        onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => onInput(event.currentTarget.value)} />`,
  });
}

/** Gives the focus to the first invalid field after the response to a form. `faults` is new with each response. */
export function useFaultFocus(/** @type {{ current: HTMLElement | null }} */ form, /** @type {unknown} */ faults) {
  useEffect(() => {
    const first = form.current?.querySelector('[aria-invalid="true"]');
    if (first instanceof HTMLElement) first.focus();
  }, [faults]);
}
