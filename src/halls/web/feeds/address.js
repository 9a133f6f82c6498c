// The address of a feed, which the API tells only once, and how to add it to a calendar program.
import { h, html } from "../vendor/ui.js";
import { Icon } from "../icon.js";
import { CopyButton } from "../parts/copy-button.js";
import { useTitleFocus } from "../parts/title-focus.js";
import { feedWords } from "./words.js";
/** @typedef {{ url: string, webcal_url: string }} Address */

const PROGRAMS = /** @type {const} */ (["google", "iphone", "mac", "outlookWeb", "outlook"]);
const LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"];

export function NewAddress(/** @type {{ address: Address, onDone: () => void }} */ { address: { url, webcal_url }, onDone }) {
  const w = feedWords.value;
  const title = useTitleFocus(url);
  return html`
    <section class="secret" aria-labelledby="ready">
      <h2 id="ready" tabindex="-1" ref=${title}>${w.ready}</h2>
      <p>${w.once}</p>
      <div class="field">
        <label for="address">${w.address}</label>
        <input id="address" type="text" readonly dir="ltr" value=${url} aria-describedby="address-secret" onFocus=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => event.currentTarget.select()} />
        <p id="address-secret" class="small">${w.secret}</p>
      </div>
      <p class="row">${h(CopyButton, { text: url, label: w.copyAddress })}<a class="outline" href=${webcal_url}>${Icon("calendar-days")}${w.open}</a></p>
      ${LOCAL_HOSTS.includes(new URL(url).hostname) && html`<p class="note-line">${w.local}</p>`}
      ${Instructions()}
      <p class="row"><button type="button" class="outline" onClick=${onDone}>${Icon("check")}${w.done}</button></p>
    </section>`;
}

/** The steps for each calendar program. */
export function Instructions() {
  const w = feedWords.value;
  return html`
    <h3>${w.how}</h3>
    <div class="programs">
      ${PROGRAMS.map((name) => html`
        <details key=${name}><summary>${w.programs[name]}</summary><ol>${w.steps[name].map((step) => html`<li key=${step}>${step}</li>`)}</ol></details>`)}
    </div>`;
}

