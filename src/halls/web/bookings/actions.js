// What a guest does with a booking: change it, save it in a calendar, print it, cancel it.
import { h, html, useEffect, useState } from "../vendor/ui.js";
import { readFile } from "../api.js";
import { words } from "../words.js";
import { Icon } from "../icon.js";
import { Dialog } from "../parts/dialog.js";
import { saveFile } from "../parts/save-file.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { CancelForm } from "./cancel-form.js";
import { ChangeForm } from "./change-form.js";
import { isOpen } from "./state.js";
/** @import { Booking } from "../types.js" */

/** `onChanged` gets the sentence about what was done; the booking is then read again. */
export function Actions(/** @type {{ booking: Booking, onChanged: (text: string) => void }} */ { booking, onChanged }) {
  const w = words.value.booking;
  const [opened, setOpened] = useState(/** @type {"change" | "cancel" | null} */ (null));
  const calendar = useSending();
  const close = () => setOpened(null);
  const finish = (/** @type {string} */ text) => {
    close();
    onChanged(text);
  };
  const canChange = isOpen(booking);
  // The list links to the question whether to cancel.
  useEffect(() => { if (canChange && location.hash === "#cancel") setOpened("cancel"); }, []);
  return html`
    <div class="row actions">
      ${canChange && html`<button type="button" class="outline" onClick=${() => setOpened("change")}>${Icon("pencil")}${w.change}</button>`}
      <button type="button" class="outline" aria-disabled=${calendar.isBusy} onClick=${() => calendar.send(() => saveCalendarFile(booking))}>${Icon("calendar-days")}${w.calendar}</button>
      <button type="button" class="outline" onClick=${() => print()}>${Icon("printer")}${w.print}</button>
      ${canChange && html`<button type="button" class="quiet danger" onClick=${() => setOpened("cancel")}>${Icon("circle-x")}${w.cancel}</button>`}
    </div>
    ${SendingNote({ sending: calendar })}
    ${h(Dialog, { title: w.changeTitle, isOpen: opened === "change", onClose: close, children: h(ChangeForm, { booking, onDone: finish }) })}
    ${h(Dialog, { title: w.cancelTitle, isOpen: opened === "cancel", onClose: close, children: h(CancelForm, { booking, onDone: finish, onKeep: close }) })}`;
}

async function saveCalendarFile(/** @type {Booking} */ { id, date }) {
  saveFile(await readFile("/bookings/{booking_id}/calendar.ics", { parts: { booking_id: id } }), `halls-${date ?? id}.ics`);
}
