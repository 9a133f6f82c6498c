// A button that copies a text.
import { html, signal } from "../vendor/ui.js";
import { words } from "../words.js";
import { Icon } from "../icon.js";

const copied = signal("");

export function CopyButton(/** @type {{ text: string, label?: string }} */ { text, label }) {
  const w = words.value.common;
  if (!navigator.clipboard) return null; // Browsers have it over HTTPS and on localhost only.
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    copied.value = text;
  };
  return html`<button type="button" class="outline" onClick=${copy}>${Icon(copied.value === text ? "check" : "copy")}${copied.value === text ? w.copied : label ?? w.copy}</button>`;
}
