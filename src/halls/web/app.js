// Starts the pages: shows the page of the address inside the frame.
import "./link-token.js";
import { effect, h, html, render } from "./vendor/ui.js";
import { followLinks, path, shownPage, showPage } from "./router.js";
import { loadWords, words } from "./words.js";
import { Footer, Header } from "./frame.js";
import { keepSessionFresh } from "./session-keeper.js";

// Under Trusted Types no text becomes markup. Leaflet asks once, at its start, whether SVG works: only that is allowed.
const types = /** @type {{ trustedTypes?: { createPolicy: Function } }} */ (window).trustedTypes;
types?.createPolicy("default", { createHTML: (/** @type {string} */ text) => (text === "<svg/>" ? text : null) });

function App() {
  const shown = shownPage.value;
  return html`
    ${h(Header, null)}
    ${shown ? h(shown.Component, { parts: shown.parts, key: shown.path }) : html`<main id="main" aria-busy="true"></main>`}
    ${shown && Footer()}`;
}

effect(() => { if (path.value) showPage(); });
await loadWords();
effect(() => { document.title = words.value.brand; });
followLinks();
keepSessionFresh();
render(h(App, null), /** @type {HTMLElement} */ (document.getElementById("app")));
