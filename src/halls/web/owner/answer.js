// The buttons with which an owner answers a request: confirm, decline with a reason, more time.
import { h, html, useState } from "../vendor/ui.js";
import { Icon } from "../icon.js";
import { Dialog } from "../parts/dialog.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { CancelForm } from "./cancel-form.js";
import { changeAsShown } from "./change-as-shown.js";
import { HoldForm } from "./hold-form.js";
import { guestName } from "./state.js";
import { ownerWords } from "./words.js";
/** @import { Booking } from "../types.js" */
/** @typedef {{ booking: Booking, onDone: (text: string) => void }} Props `onDone` gets the sentence about the result; then the booking is read again. */

export function Answer(/** @type {Props} */ { booking, onDone }) {
  const w = ownerWords.value.actions;
  const [opened, setOpened] = useState(/** @type {"decline" | "time" | null} */ (null));
  const sending = useSending();
  const close = () => setOpened(null);
  const finish = (/** @type {string} */ text) => {
    close();
    onDone(text);
  };
  const confirm = () => sending.send(() => changeAsShown(booking, { status: "confirmed" }, w.confirmed(guestName(booking)), onDone));
  return html`
    <div class="answer">
      <button type="button" class="primary" aria-disabled=${sending.isBusy} onClick=${confirm}>${sending.isBusy ? w.confirming : w.confirm}</button>
      <button type="button" class="outline danger" onClick=${() => setOpened("decline")}>${Icon("circle-x")}${w.decline}</button>
      <button type="button" class="outline" onClick=${() => setOpened("time")}>${Icon("clock")}${w.moreTime}</button>
    </div>
    ${SendingNote({ sending })}
    ${h(Dialog, { title: w.declineTitle, isOpen: opened === "decline", onClose: close, children: h(CancelForm, { booking, onDone: finish, onKeep: close }) })}
    ${h(Dialog, { title: w.timeTitle, isOpen: opened === "time", onClose: close, children: h(HoldForm, { booking, onDone: finish }) })}`;
}
