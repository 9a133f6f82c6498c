// The frame of the owners' pages: their navigation, their title, and what stands there for other accounts.
import { h, html, useEffect, useRef } from "../vendor/ui.js";
import { useTitleFocus } from "../router.js";
import { words } from "../words.js";
import { session } from "../session.js";
import { Icon } from "../icon.js";
import { BecomeOwner } from "../parts/become-owner.js";
import { ErrorPanel } from "../parts/error-panel.js";
import { LazyLogin } from "../parts/lazy-login.js";
import { useAccess } from "../parts/reading.js";
import { ownerWords } from "./words.js";
/** @import { ComponentChildren } from "../vendor/ui.js" */
/** @import { Reading } from "../parts/reading.js" */
/** @typedef {"home" | "requests" | "walkIn" | "venues" | "figures"} Tab */
/** @typedef {{ title: string, tab?: Tab, back?: { href: string, label: string }, kind?: string, children?: ComponentChildren }} Props `kind` is a class of the page. */

const TABS = /** @type {const} */ ([
  ["home", "/owner", "calendar-days"], ["requests", "/owner/requests", "bell"], ["walkIn", "/owner/walk-ins/new", "phone"],
  ["venues", "/owner/venues", "building-2"], ["figures", "/owner/statistics", "chart-column"],
]);

/** A page of an owner. Its content stays when the session ends, so that a form keeps what was written. */
export function OwnerPage(/** @type {Props} */ { title, tab, back, kind = "", children }) {
  const isAllowed = useAccess();
  const isOwner = useRef(false);
  if (session.value) isOwner.current = session.value.profile.is_venue_owner;
  useEffect(() => { document.title = `${title} · ${words.value.brand}`; });
  useTitleFocus(isAllowed);
  return html`
    ${isAllowed && isOwner.current && OwnerTabs(tab)}
    <main id="main" class=${`owner-page ${kind}`}>
      ${back && html`<p class="back"><a class="quiet" href=${back.href}>${Icon("chevron-left")}${back.label}</a></p>`}
      <h1 tabindex="-1"><bdi>${title}</bdi></h1>
      ${isAllowed && (isOwner.current ? children : NoOwner())}
    </main>`;
}

/** The links to the parts of the owners' pages: at the foot of a phone, below the header of a wide screen. */
export const OwnerTabs = (/** @type {Tab | undefined} */ current) => html`
  <nav class="tabs" aria-label=${ownerWords.value.tabs.label}>
    ${TABS.map(([name, href, icon]) => html`<a key=${name} href=${href} aria-current=${name === current ? "page" : undefined}>${Icon(icon)}<span>${ownerWords.value.tabs[name]}</span></a>`)}
  </nav>`;

function NoOwner() {
  if (!session.value) return LogIn();
  return html`<div class="note stack"><p>${words.value.errors.ownerOnly}</p>${h(BecomeOwner, { onDone: () => {} })}</div>`;
}

const LogIn = () => html`<div class="note">${h(LazyLogin, { submitLabel: words.value.login.submit })}</div>`;

/** What stands in place of data that is not there yet. */
export function Waiting(/** @type {{ reading: Pick<Reading<unknown>, "error" | "reload"> }} */ { reading: { error, reload } }) {
  if (!session.value) return LogIn();
  if (error) return h(ErrorPanel, { error, onRetry: reload });
  return html`<p class="sr" role="status">${words.value.common.loading}</p><div class="owner-ghost ghost" aria-hidden="true"><i></i><i></i><i></i></div>`;
}
