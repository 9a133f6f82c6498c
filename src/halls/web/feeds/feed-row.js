// One calendar feed of the list, with the questions before its address is replaced or deleted.
import { h, html, useState } from "../vendor/ui.js";
import { create, remove } from "../api.js";
import { longMoment } from "../days.js";
import { Icon } from "../icon.js";
import { Dialog } from "../parts/dialog.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { feedWords } from "./words.js";
/** @import { Feed, Venue } from "../types.js" */
/** @import { Address } from "./address.js" */
/** @typedef {{ feed: Feed, venues: Venue[], onAddress: (address: Address) => void, onRemoved: () => void }} Props */

export function FeedRow(/** @type {Props} */ { feed, venues, onAddress, onRemoved }) {
  const w = feedWords.value;
  const [asked, setAsked] = useState(/** @type {"rotate" | "remove" | null} */ (null));
  const sending = useSending();
  const parts = { feed_id: feed.id };
  const close = () => {
    sending.clear();
    setAsked(null);
  };
  const rotate = () => sending.send(async () => {
    onAddress(await create("/feeds/{feed_id}/rotate", /** @type {never} */ (undefined), { parts }));
    setAsked(null);
  });
  const drop = () => sending.send(async () => {
    await remove("/feeds/{feed_id}", { parts });
    onRemoved();
  });
  const label = describeKind(feed, venues);
  return html`
    <h3><bdi>${feed.name ?? label}</bdi></h3>
    ${feed.name && html`<p>${label}</p>`}
    <p class="muted small">${w.details[feed.detail]} · ${w.made(longMoment(feed.created_at))} · ${feed.last_read_at ? w.read(longMoment(feed.last_read_at)) : w.neverRead}</p>
    <p class="row">
      <button type="button" class="outline" onClick=${() => setAsked("rotate")}>${Icon("rotate-cw")}${w.rotate}</button>
      <button type="button" class="quiet danger" onClick=${() => setAsked("remove")}>${Icon("trash-2")}${w.remove}</button>
    </p>
    ${h(Dialog, { title: w.rotateTitle, isOpen: asked === "rotate", onClose: close, children: Question(w.rotateHelp, sending.isBusy ? w.rotating : w.rotate, rotate) })}
    ${h(Dialog, { title: w.removeTitle, isOpen: asked === "remove", onClose: close, children: Question(w.removeHelp, sending.isBusy ? w.removing : w.remove, drop) })}`;

  function Question(/** @type {string} */ help, /** @type {string} */ action, /** @type {() => void} */ onYes) {
    return html`
      <p>${help}</p>
      <p class="row"><button type="button" class="primary" aria-disabled=${sending.isBusy} onClick=${onYes}>${action}</button><button type="button" class="outline" onClick=${close}>${w.keep}</button></p>
      ${SendingNote({ sending })}`;
  }
}

/** Returns what a feed shows, in words. */
function describeKind(/** @type {Feed} */ { kind, venue_id }, /** @type {Venue[]} */ venues) {
  const w = feedWords.value;
  if (kind !== "venue") return w.kinds[kind];
  return w.kinds.venue(venues.find(({ id }) => id === venue_id)?.venue_name ?? w.unknownVenue);
}
