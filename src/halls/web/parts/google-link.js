// The link "Continue with Google". It is shown only if Google is configured.
import { html, useMemo } from "../vendor/ui.js";
import { randomText } from "../random-text.js";
import { nextOfLogin } from "../router.js";
import { words } from "../words.js";
import { googleAddress, hasGoogle, rememberRequest } from "../google.js";

export function GoogleLink(/** @type {{ isShared: boolean, isOwner?: boolean }} */ { isShared, isOwner = false }) {
  const request = useMemo(() => hasGoogle() && { state: randomText(), nonce: randomText() }, []);
  if (!request) return null;
  const w = words.value.login;
  const remember = () => rememberRequest(request, { next: nextOfLogin(), isShared, isOwner });
  return html`
    <p class="or"><span>${w.or}</span></p>
    <a class="outline" href=${googleAddress(request)} onClick=${remember}>${w.google}</a>`;
}
