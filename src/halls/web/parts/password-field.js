// A field with a password, and a button that shows it.
import { html, useState } from "../vendor/ui.js";
import { words } from "../words.js";
import { Icon } from "../icon.js";
import { Field } from "./field.js";
/** @import { FieldProps } from "./field.js" */
/** @typedef {Omit<FieldProps, "control"> & { value: string, onInput: (text: string) => void, autocomplete: "current-password" | "new-password" }} Props */

export function PasswordField(/** @type {Props} */ { value, onInput, autocomplete, ...field }) {
  const [isShown, setShown] = useState(false);
  return Field({
    ...field,
    control: ({ id, invalid, describedBy }) => html`
      <span class="password" dir="ltr">
        <input id=${id} name=${field.name} type=${isShown ? "text" : "password"} value=${value} autocomplete=${autocomplete} required
          spellcheck="false" aria-invalid=${invalid || undefined} aria-describedby=${describedBy}
          onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => onInput(event.currentTarget.value)} />
        <button type="button" class="quiet" aria-label=${words.value.forms.showPassword} aria-pressed=${isShown ? "true" : "false"} onClick=${() => setShown(!isShown)}>
          ${Icon(isShown ? "eye-off" : "eye")}
        </button>
      </span>`,
  });
}
