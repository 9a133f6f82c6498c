// The choice of a shared device: then the session ends with the tab.
import { html } from "../vendor/ui.js";
import { words } from "../words.js";

export const SharedDevice = (/** @type {{ isShared: boolean, onChange: (isShared: boolean) => void }} */ { isShared, onChange }) => html`
  <label class="check">
    <input type="checkbox" name="shared" checked=${isShared} onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => onChange(event.currentTarget.checked)} />
    <span>${words.value.login.shared} <span class="muted small">${words.value.login.sharedHelp}</span></span>
  </label>`;
