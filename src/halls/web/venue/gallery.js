// The pictures of a venue: one large window with two beside it, on a phone a row to swipe. And its videos.
import { h, html, useState } from "../vendor/ui.js";
import { words } from "../words.js";
import { photographsOf, picturesOf, videosOf } from "../pictures.js";
import { Icon } from "../icon.js";
import { Dialog } from "../parts/dialog.js";
/** @import { Venue } from "../types.js" */

const SHOWN = 3;

export function Gallery(/** @type {{ venue: Venue }} */ { venue }) {
  const w = words.value.venue;
  const [isOpen, setOpen] = useState(false);
  const pictures = picturesOf(venue);
  const isDrawn = photographsOf(venue).length === 0;
  return html`
    <div class="pictures">
      <section class=${`gallery of-${Math.min(pictures.length, SHOWN)}`} aria-label=${w.pictures} tabindex="0">
        ${pictures.map((picture, index) => Window({ picture, index, count: pictures.length }))}
      </section>
      ${isDrawn && html`<p class="drawn">${words.value.drawing}</p>`}
      ${pictures.length > SHOWN && html`<button type="button" class="outline all" aria-haspopup="dialog" onClick=${() => setOpen(true)}>${Icon("image")}${w.allPictures(pictures.length)}</button>`}
      ${h(Dialog, { title: w.pictures, isOpen, onClose: () => setOpen(false) }, html`<div class="stack">${pictures.map((picture, index) => Window({ picture, index, count: pictures.length }))}</div>`)}
    </div>`;
}

function Window(/** @type {{ picture: string, index: number, count: number }} */ { picture, index, count }) {
  return html`
    <div class="window" key=${picture}>
      <img src=${picture} alt=${words.value.venue.picture(index + 1, count)} width="480" height="360" loading=${index < SHOWN ? "eager" : "lazy"}
        fetchpriority=${index ? "auto" : "high"} decoding="async" referrerpolicy="no-referrer" />
      <span class="count" aria-hidden="true">${index + 1}/${count}</span>
    </div>`;
}

/** The videos. None is loaded before a person starts it. */
export function Videos(/** @type {{ venue: Venue }} */ { venue }) {
  const w = words.value.venue;
  const videos = videosOf(venue);
  if (!videos.length) return null;
  return html`
    <section aria-labelledby="videos">
      <h2 id="videos">${w.videos}</h2>
      ${videos.map(({ url, size_mb }, index) => html`
        <figure class="video" key=${url}>
          <video src=${url} controls playsinline preload="none" poster=${picturesOf(venue)[0]} aria-label=${w.video(index + 1, videos.length)}></video>
          ${size_mb !== null && html`<figcaption class="muted small">${w.megabytes(size_mb)}</figcaption>`}
        </figure>`)}
    </section>`;
}

/** The place of the gallery. Without its key, Preact would turn it into the next part of the page, which would then move down. */
export const GallerySkeleton = () => html`
  <div class="pictures" key="skeleton"><div class="gallery of-3 ghost" aria-hidden="true"><div class="window"><i></i></div><div class="window"><i></i></div><div class="window"><i></i></div></div></div>`;
