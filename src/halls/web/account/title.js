// The title of a page about accounts: in the page and in the tab.
import { html, useEffect } from "../vendor/ui.js";
import { useTitleFocus } from "../router.js";
import { words } from "../words.js";

/** Returns the h1 of a page, and writes it into the tab. Call it as `h(Title, { text })`. */
export function Title(/** @type {{ text: string }} */ { text }) {
  useEffect(() => { document.title = `${text} · ${words.value.brand}`; });
  useTitleFocus(true);
  return html`<h1 tabindex="-1">${text}</h1>`;
}
