// One icon of the sheet (Lucide). tools/web/make_assets.py lists the names.
import { html } from "./vendor/ui.js";
import { fileAddress } from "./settings.js";

const SHEET = fileAddress("art/icons.svg");

/** Returns an icon. Without a label it is an ornament that screen readers skip. */
export const Icon = (/** @type {string} */ name, label = "") => html`
  <svg class="icon" role=${label ? "img" : undefined} aria-label=${label || undefined} aria-hidden=${label ? undefined : "true"}>
    <use href=${`${SHEET}#${name}`} />
  </svg>`;
