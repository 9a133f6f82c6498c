// Takes a venue down, after a question. With bookings ahead, it names their days.
import { h, html, useState } from "../vendor/ui.js";
import { ApiError, remove } from "../api.js";
import { Icon } from "../icon.js";
import { BookedDays, findBookedDays } from "../parts/booked-days.js";
import { Dialog } from "../parts/dialog.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { listingWords } from "./words.js";
/** @import { BookedDay } from "../parts/booked-days.js" */

export function TakeDown(/** @type {{ id: string, onGone: () => void }} */ { id, onGone }) {
  const w = listingWords.value.edit;
  const [isOpen, setOpen] = useState(false);
  const [booked, setBooked] = useState(/** @type {BookedDay[]} */ ([]));
  const sending = useSending();
  const close = () => {
    setOpen(false);
    sending.clear();
  };
  const takeDown = () => sending.send(async () => {
    try {
      await remove("/venues/{venue_id}", { parts: { venue_id: id } });
      setOpen(false);
      onGone();
    } catch (error) {
      if (error instanceof ApiError && error.code === "has_bookings") setBooked(await findBookedDays(error, id));
      throw error;
    }
  });
  return html`
    <p class="muted">${w.takeDownText}</p>
    <p class="row"><button type="button" class="outline danger" onClick=${() => setOpen(true)}>${Icon("trash-2")}${w.takeDown}</button></p>
    ${h(Dialog, {
      title: w.takeDownTitle, isOpen, onClose: close, children: html`
        <div class="stack">
          <p>${w.takeDownText}</p>
          <p class="row">
            <button type="button" class="primary" aria-disabled=${sending.isBusy} onClick=${takeDown}>${sending.isBusy ? w.takingDown : w.takeDown}</button>
            <button type="button" class="quiet" onClick=${close}>${w.keep}</button>
          </p>
          ${SendingNote({ sending, texts: { has_bookings: w.hasBookings } })}
          ${sending.error?.code === "has_bookings" && BookedDays({ days: booked })}
        </div>`,
    })}`;
}
