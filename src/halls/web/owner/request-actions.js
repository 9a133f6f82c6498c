// What an owner does with one booking: answer it, cancel it, enter its price, change a walk-in, block its guest.
import { h, html, useState } from "../vendor/ui.js";
import { put, remove } from "../api.js";
import { Icon } from "../icon.js";
import { ChangeForm } from "../bookings/change-form.js";
import { isOpen } from "../bookings/state.js";
import { Dialog } from "../parts/dialog.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { Answer } from "./answer.js";
import { CancelForm } from "./cancel-form.js";
import { PriceForm } from "./price-form.js";
import { isWaiting } from "./state.js";
import { ownerWords } from "./words.js";
/** @import { Booking } from "../types.js" */
/** @typedef {{ booking: Booking, ownId: string, isBlocked: boolean, onDone: (text: string) => void }} Props `ownId` is the account of the owner; `onDone` gets the sentence about the result. */

export function RequestActions(/** @type {Props} */ { booking, ownId, isBlocked, onDone }) {
  const w = ownerWords.value.actions;
  const [opened, setOpened] = useState(/** @type {"cancel" | "price" | "change" | "block" | null} */ (null));
  const blocking = useSending();
  const close = () => setOpened(null);
  const finish = (/** @type {string} */ text) => {
    close();
    onDone(text);
  };
  const parts = { user_id: booking.user_id ?? "" };
  const block = () => blocking.send(async () => {
    await put("/auth/me/blocked/{user_id}", { parts });
    finish(w.blocked);
  });
  const unblock = () => blocking.send(async () => {
    await remove("/auth/me/blocked/{user_id}", { parts });
    onDone(w.unblocked);
  });
  const isConfirmed = isOpen(booking) && booking.status === "confirmed";
  const needsPrice = booking.price_locked === null && isOpen(booking);
  const canBlock = booking.user_id !== null && !booking.is_walk_in && booking.user_id !== ownId;
  const show = (/** @type {NonNullable<typeof opened>} */ name) => () => setOpened(name);
  return html`
    ${isWaiting(booking) && h(Answer, { booking, onDone })}
    <div class="row actions">
      ${needsPrice && html`<button type="button" class="outline" onClick=${show("price")}>${Icon("wallet")}${w.price}</button>`}
      ${booking.is_walk_in && isConfirmed && html`<button type="button" class="outline" onClick=${show("change")}>${Icon("pencil")}${w.change}</button>`}
      ${isConfirmed && html`<button type="button" class="quiet danger" onClick=${show("cancel")}>${Icon("circle-x")}${w.cancel}</button>`}
      ${canBlock && !isBlocked && html`<button type="button" class="quiet" onClick=${show("block")}>${Icon("ban")}${w.block}</button>`}
      ${canBlock && isBlocked && html`<button type="button" class="quiet" aria-disabled=${blocking.isBusy} onClick=${unblock}>${Icon("ban")}${w.unblock}</button>`}
    </div>
    ${opened !== "block" && SendingNote({ sending: blocking })}
    ${h(Dialog, { title: w.cancelTitle, isOpen: opened === "cancel", onClose: close, children: h(CancelForm, { booking, onDone: finish, onKeep: close }) })}
    ${h(Dialog, { title: w.priceTitle, isOpen: opened === "price", onClose: close, children: h(PriceForm, { booking, onDone: finish }) })}
    ${h(Dialog, { title: w.change, isOpen: opened === "change", onClose: close, children: h(ChangeForm, { booking, onDone: finish, help: "", notesLabel: ownerWords.value.request.notes }) })}
    ${h(Dialog, { title: w.blockTitle, isOpen: opened === "block", onClose: close, children: html`
      <p>${w.blockHelp}</p>
      <p class="row">
        <button type="button" class="primary" aria-disabled=${blocking.isBusy} onClick=${block}>${blocking.isBusy ? w.blocking : w.block}</button>
        <button type="button" class="quiet" onClick=${close}>${w.keep}</button>
      </p>
      ${SendingNote({ sending: blocking })}` })}`;
}
