// The frame around each page: header with valance, offline line, footer.
import { h, html, signal } from "./vendor/ui.js";
import { findRoute } from "./router.js";
import { language, setLanguage, words } from "./words.js";
import { session } from "./session.js";
import { endOnServer, unended } from "./session-keeper.js";
import { AccountMenu } from "./account-menu.js";
import { Icon } from "./icon.js";

/** Whether the browser has no connection. */
export const isOffline = signal(!navigator.onLine);
addEventListener("online", () => { isOffline.value = false; });
addEventListener("offline", () => { isOffline.value = true; });

export function Header() {
  const w = words.value.frame;
  return html`
    <a class="skip" href="#main">${w.skip}</a>
    <header class="head">
      <a class="brand" href="/" aria-label=${w.home}><i aria-hidden="true"></i><span>${words.value.brand}</span></a>
      <nav aria-label=${w.menu}>
        ${NavLink("/owner", session.value?.profile.is_venue_owner ? w.myVenues : w.listVenue, "quiet wide")}
        ${LanguageSwitch()}
        ${session.value ? h(AccountMenu, null) : NavLink("/login", w.logIn, "outline")}
      </nav>
    </header>
    <div class="valance" aria-hidden="true"></div>
    <div role="status">
      ${isOffline.value && html`<p class="banner">${Icon("wifi-off")}<span>${w.offline}</span></p>`}
      ${unended.value && StillValid(unended.value)}
    </div>`;
}

/** A link to a page, if this version has the page. */
const NavLink = (/** @type {string} */ path, /** @type {string} */ label, /** @type {string} */ kind) =>
  findRoute(path) && html`<a class=${kind} href=${path}>${label}</a>`;

function LanguageSwitch() {
  const other = language.value === "ur" ? "en" : "ur";
  return html`
    <button type="button" class="quiet" lang=${other} onClick=${() => setLanguage(other)}>
      ${Icon("languages")}${other === "ur" ? "اردو" : "English"}
    </button>`;
}

/** A logout did not reach the server: another attempt. */
const StillValid = (/** @type {{ token: string, everywhere: boolean }} */ left) => html`
  <p class="banner">${Icon("info")}<span>${words.value.frame.stillValid}</span><button type="button" class="outline" onClick=${() => endOnServer(left)}>${words.value.common.again}</button></p>`;

export function Footer() {
  const w = words.value.frame;
  return html`<footer class="foot"><p>${w.prices}</p><p><a href="/docs">${w.docs}</a></p></footer>`;
}
