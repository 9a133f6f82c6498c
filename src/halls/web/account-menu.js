// The menu of a person who is logged in: pages of the account, log out, log out everywhere.
import { html, useEffect, useRef, useState } from "./vendor/ui.js";
import { findRoute, mayLeave, path } from "./router.js";
import { words } from "./words.js";
import { session } from "./session.js";
import { logOut } from "./session-keeper.js";
import { Icon } from "./icon.js";

const ID = "account-menu";

export function AccountMenu() {
  const w = words.value.frame;
  const [isOpen, setOpen] = useState(false);
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => { setOpen(false); }, [path.value]);
  useEffect(() => (isOpen ? watchOutside(box.current, () => setOpen(false)) : undefined), [isOpen]);
  const pages = [["/my/bookings", w.bookings], ["/account", w.account], ["/owner", session.value?.profile.is_venue_owner ? w.myVenues : w.listVenue]];
  const end = (everywhere = false) => { if (mayLeave()) logOut({ everywhere }); };
  return html`
    <div class="menu" ref=${box}>
      <button type="button" class="outline" aria-label=${w.account} aria-expanded=${isOpen ? "true" : "false"} aria-controls=${ID} onClick=${() => setOpen(!isOpen)}>
        ${Icon("user")}<span class="wide">${w.account}</span>
      </button>
      <ul id=${ID} hidden=${!isOpen}>
        ${session.value?.profile.full_name && html`<li class="muted small"><bdi>${session.value.profile.full_name}</bdi></li>`}
        ${pages.map(([to = "", label]) => findRoute(to) && html`<li key=${to}><a href=${to} onClick=${() => setOpen(false)}>${label}</a></li>`)}
        <li><button type="button" onClick=${() => end()}>${Icon("log-out")}${w.logOut}</button></li>
        <li><button type="button" onClick=${() => end(true)}>${Icon("ban")}${w.logOutEverywhere}</button></li>
      </ul>
    </div>`;
}

/** Calls `close` when the focus or the pointer leaves the menu, and after Escape, which gives the focus back to its button. */
function watchOutside(/** @type {HTMLElement | null} */ menu, /** @type {() => void} */ close) {
  const leave = (/** @type {Event} */ event) => { if (!menu?.contains(/** @type {Node} */ (event.target))) close(); };
  const escape = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape") return;
    close();
    menu?.querySelector("button")?.focus();
  };
  document.addEventListener("focusin", leave);
  document.addEventListener("pointerdown", leave);
  document.addEventListener("keydown", escape);
  return () => {
    document.removeEventListener("focusin", leave);
    document.removeEventListener("pointerdown", leave);
    document.removeEventListener("keydown", escape);
  };
}
