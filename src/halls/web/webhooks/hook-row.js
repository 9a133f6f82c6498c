// One webhook of the list: its state, and what can be done with it.
import { h, html, useState } from "../vendor/ui.js";
import { change, create, remove } from "../api.js";
import { Icon } from "../icon.js";
import { Dialog } from "../parts/dialog.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { Deliveries } from "./deliveries.js";
import { EVENTS } from "./events.js";
import { HookForm } from "./hook-form.js";
import { hookWords } from "./words.js";
/** @import { Webhook } from "../types.js" */
/** @typedef {{ webhook: Webhook, onSecret: (secret: string) => void, onChanged: (webhook: Webhook) => void, onRemoved: () => void }} Props */

export function HookRow(/** @type {Props} */ { webhook, onSecret, onChanged, onRemoved }) {
  const w = hookWords.value;
  const [asked, setAsked] = useState(/** @type {"edit" | "rotate" | "remove" | null} */ (null));
  const [isOpen, setOpen] = useState(false);
  const [turn, setTurn] = useState(0);
  const [note, setNote] = useState("");
  const sending = useSending();
  const dialog = useSending();
  const parts = { webhook_id: webhook.id };
  const close = () => {
    dialog.clear();
    setAsked(null);
  };
  const test = () => sending.send(async () => {
    await create("/webhooks/{webhook_id}/test", /** @type {never} */ (undefined), { parts });
    setNote(w.tested);
    setOpen(true);
    setTurn((count) => count + 1);
  });
  const turnOn = (/** @type {boolean} */ is_active) => sending.send(async () => {
    onChanged((await change("/webhooks/{webhook_id}", { is_active }, { parts })).webhook);
    setNote(w.saved);
  });
  const rotate = () => dialog.send(async () => {
    onSecret((await create("/webhooks/{webhook_id}/rotate-secret", /** @type {never} */ (undefined), { parts })).secret);
    setAsked(null);
  });
  const drop = () => dialog.send(async () => {
    await remove("/webhooks/{webhook_id}", { parts });
    onRemoved();
  });
  const finish = (/** @type {Webhook} */ next) => {
    onChanged(next);
    setNote(w.saved);
    close();
  };
  const { events, is_active: isOn } = webhook;
  return html`
    <h3 dir="ltr" class="address">${webhook.url}</h3>
    ${webhook.description && html`<p dir="auto">${webhook.description}</p>`}
    <p class="muted small"><b class=${isOn ? "delivery delivered" : "delivery failed"}>${isOn ? w.on : w.off}</b> · ${events.length === EVENTS.length ? w.allEvents : w.someEvents(events.length, EVENTS.length)} · ${w.payloads[webhook.payload]}</p>
    ${!isOn && html`<p class="small">${w.offHelp}</p>`}
    <p class="row">
      <button type="button" class="outline" aria-disabled=${sending.isBusy} onClick=${test}>${w.test}</button>
      <button type="button" class="outline" aria-expanded=${isOpen ? "true" : "false"} onClick=${() => setOpen(!isOpen)}>${Icon("history")}${isOpen ? w.hide : w.deliveries}</button>
      <button type="button" class="outline" onClick=${() => setAsked("edit")}>${Icon("pencil")}${w.edit}</button>
      <button type="button" class="quiet" aria-disabled=${sending.isBusy} onClick=${() => turnOn(!isOn)}>${isOn ? w.switchOff : w.switchOn}</button>
      <button type="button" class="quiet" onClick=${() => setAsked("rotate")}>${Icon("key-round")}${w.rotate}</button>
      <button type="button" class="quiet danger" onClick=${() => setAsked("remove")}>${Icon("trash-2")}${w.remove}</button>
    </p>
    <div role="status">${note && !sending.error && html`<p class="good">${note}</p>`}</div>
    ${SendingNote({ sending })}
    ${isOpen && h(Deliveries, { id: webhook.id, turn })}
    ${h(Dialog, { title: w.editTitle, isOpen: asked === "edit", onClose: close, children: h(HookForm, { webhook, onChanged: finish }) })}
    ${h(Dialog, { title: w.rotateTitle, isOpen: asked === "rotate", onClose: close, children: Question(w.rotateHelp, dialog.isBusy ? w.rotating : w.rotate, rotate) })}
    ${h(Dialog, { title: w.removeTitle, isOpen: asked === "remove", onClose: close, children: Question(w.removeHelp, dialog.isBusy ? w.removing : w.remove, drop) })}`;

  function Question(/** @type {string} */ help, /** @type {string} */ action, /** @type {() => void} */ onYes) {
    return html`
      <p>${help}</p>
      <p class="row"><button type="button" class="primary" aria-disabled=${dialog.isBusy} onClick=${onYes}>${action}</button><button type="button" class="outline" onClick=${close}>${w.keep}</button></p>
      ${SendingNote({ sending: dialog })}`;
  }
}
