// The photographs of a venue: chosen several at once, ordered and removed by buttons.
import { html, useEffect, useState } from "../vendor/ui.js";
import { words } from "../words.js";
import { photographsOf } from "../pictures.js";
import { Icon } from "../icon.js";
import { errorText } from "../parts/error-text.js";
import { MAX_PICTURES } from "./picture-list.js";
import { listingWords } from "./words.js";
/** @import { Picture, PictureList } from "./picture-list.js" */
/** @typedef {{ list: PictureList, fault?: string }} Props */

const TYPES = "image/jpeg,image/png,image/webp,image/avif";
const ID = "field-pictures";

export function PictureFields(/** @type {Props} */ { list, fault }) {
  const w = listingWords.value.pictures;
  const [said, setSaid] = useState("");
  const [focused, setFocused] = useState({ id: "" });
  // A moved photograph keeps the focus, and after a removal the button that adds has it.
  useEffect(() => { if (focused.id) document.getElementById(focused.id)?.focus(); }, [focused]);
  const pictures = list.items.value;
  const add = (/** @type {FileList | null | undefined} */ files) => {
    const left = list.add(files ?? []);
    setSaid(left ? w.tooMany(left, MAX_PICTURES) : "");
  };
  const move = (/** @type {Picture} */ picture, /** @type {number} */ to) => {
    list.move(picture.id, to);
    setSaid(w.moved(to + 1, pictures.length));
    setFocused({ id: `photo-${picture.id}` });
  };
  const remove = (/** @type {Picture} */ picture) => {
    list.remove(picture.id);
    setSaid(w.removed);
    setFocused({ id: ID });
  };
  const drop = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    add(event.dataTransfer?.files);
  };
  return html`
    <div class="photo-field" onDragOver=${(/** @type {DragEvent} */ event) => event.preventDefault()} onDrop=${drop}>
      <div class="photo-add">
        <input id=${ID} type="file" class="sr" multiple accept=${TYPES} aria-invalid=${fault ? true : undefined} aria-describedby=${`${ID}-hint`}
          onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => { add(event.currentTarget.files); event.currentTarget.value = ""; }} />
        <label for=${ID} class="outline">${Icon("plus")}${w.add}</label>
        <p id=${`${ID}-hint`} class="muted small">${w.hint}</p>
        ${fault && html`<p class="fault">${fault}</p>`}
      </div>
      <p role="status" class=${said ? "" : "sr"}>${said}</p>
      <ol class="photos">${pictures.map((picture, index) => Photo({ picture, index, count: pictures.length, list, move, remove }))}</ol>
    </div>`;
}

/** @typedef {{ picture: Picture, index: number, count: number, list: PictureList, move: (picture: Picture, to: number) => void, remove: (picture: Picture) => void }} PhotoProps */

function Photo(/** @type {PhotoProps} */ { picture, index, count, list, move, remove }) {
  const w = listingWords.value.pictures;
  const number = index + 1;
  const shown = picture.preview || photographsOf({ pictures: [picture.url] })[0];
  return html`
    <li class="photo" key=${picture.id} id=${`photo-${picture.id}`} tabindex="-1" aria-label=${w.name(number, count)}>
      <div class="frame">
        ${shown ? html`<img src=${shown} alt=${w.name(number, count)} width="480" height="360" decoding="async" referrerpolicy="no-referrer" />` : Icon("image")}
        ${index === 0 && html`<span class="cover">${w.cover}</span>`}
      </div>
      ${State(picture, number, () => list.retry(picture.id))}
      <p class="row">
        <button type="button" class="round" aria-label=${w.earlier(number)} disabled=${index === 0} onClick=${() => move(picture, index - 1)}>${Icon("chevron-left")}</button>
        <button type="button" class="round" aria-label=${w.later(number)} disabled=${number === count} onClick=${() => move(picture, index + 1)}>${Icon("chevron-right")}</button>
        ${index > 0 && html`<button type="button" class="round" aria-label=${w.makeCover(number)} onClick=${() => move(picture, 0)}>${Icon("star")}</button>`}
        <button type="button" class="round" aria-label=${w.remove(number)} onClick=${() => remove(picture)}>${Icon("trash-2")}</button>
      </p>
    </li>`;
}

/** What happens to a photograph that is not stored yet. */
function State(/** @type {Picture} */ { state, share, error }, /** @type {number} */ number, /** @type {() => void} */ onRetry) {
  const w = listingWords.value.pictures;
  if (state === "stored") return null;
  if (state !== "failed") {
    const text = state === "sending" ? w.sending : state === "shrinking" ? w.shrinking : w.waiting;
    return html`<div class="going"><p class="small muted">${text}</p><progress max="100" value=${Math.round(share * 100)} aria-label=${w.progress(number)}></progress></div>`;
  }
  const text = error === null || error.status === 422 ? w.unreadable : error.code === "limit_reached" ? w.full : error.code === "rate_limited" ? w.busy : errorText(error);
  return html`
    <div class="going" role="alert">
      <p class="fault">${text}</p>
      ${error !== null && error.status !== 422 && html`<button type="button" class="outline" onClick=${onRetry}>${Icon("rotate-cw")}${words.value.common.again}</button>`}
    </div>`;
}
