// The frame of the pages about feeds and webhooks: an owner has his navigation, a guest comes from the account.
import { h, html, useEffect, useRef } from "../vendor/ui.js";
import { useTitleFocus } from "../router.js";
import { session } from "../session.js";
import { words } from "../words.js";
import { Icon } from "../icon.js";
import { OwnerPage } from "../owner/frame.js";
import { useAccess } from "../parts/reading.js";
import { feedWords } from "./words.js";
/** @import { ComponentChildren } from "../vendor/ui.js" */
/** @typedef {{ title: string, children?: ComponentChildren }} Props */

/** Whether the account can have what belongs to venues. */
export const isOwner = () => session.value?.profile.is_venue_owner ?? false;

export function AccountPage(/** @type {Props} */ { title, children }) {
  // The frame stays when the session ends, so that a form keeps what was written.
  const wasOwner = useRef(false);
  if (session.value) wasOwner.current = isOwner();
  if (!wasOwner.current) return h(GuestPage, { title, children });
  return h(OwnerPage, { title, tab: "home", kind: "slim", back: { href: "/owner", label: feedWords.value.overview }, children });
}

function GuestPage(/** @type {Props} */ { title, children }) {
  const isAllowed = useAccess();
  useEffect(() => { document.title = `${title} · ${words.value.brand}`; });
  useTitleFocus(isAllowed);
  return html`
    <main id="main" class="owner-page slim">
      <p class="back"><a class="quiet" href="/account">${Icon("chevron-left")}${feedWords.value.account}</a></p>
      <h1 tabindex="-1">${title}</h1>
      ${isAllowed && children}
    </main>`;
}
