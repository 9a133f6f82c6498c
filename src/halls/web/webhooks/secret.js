// The secret of a webhook, which the API tells only once.
import { h, html } from "../vendor/ui.js";
import { Icon } from "../icon.js";
import { CopyButton } from "../parts/copy-button.js";
import { useTitleFocus } from "../parts/title-focus.js";
import { hookWords } from "./words.js";

export function Secret(/** @type {{ secret: string, isRotated: boolean, onDone: () => void }} */ { secret, isRotated, onDone }) {
  const w = hookWords.value;
  const title = useTitleFocus(secret);
  return html`
    <section class="secret" aria-labelledby="secret">
      <h2 id="secret" tabindex="-1" ref=${title}>${w.secretReady}</h2>
      <p>${w.once}</p>
      ${isRotated && html`<p>${w.rotated}</p>`}
      <div class="field">
        <label for="secret-text">${w.secret}</label>
        <input id="secret-text" type="text" readonly dir="ltr" value=${secret} onFocus=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => event.currentTarget.select()} />
      </div>
      <p class="row">${h(CopyButton, { text: secret, label: w.copySecret })}<button type="button" class="outline" onClick=${onDone}>${Icon("check")}${w.done}</button></p>
    </section>`;
}
