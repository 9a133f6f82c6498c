// The fields of a webhook: of a new one, or of one that is changed.
import { h, html, useRef, useState } from "../vendor/ui.js";
import { change, create } from "../api.js";
import { TextField, useFaultFocus } from "../parts/field.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { useUnsavedWarning } from "../parts/unsaved.js";
import { EVENTS } from "./events.js";
import { hookWords } from "./words.js";
/** @import { Webhook, WebhookEvent, WebhookMade } from "../types.js" */
/** @typedef {{ currentTarget: HTMLInputElement }} InputEvent */

const PAYLOADS = /** @type {const} */ (["ids", "full"]);

/** `webhook` is the one that is changed; without it, `onMade` gets the new one with its secret. */
export function HookForm(/** @type {{ webhook?: Webhook, onMade?: (made: WebhookMade) => void, onChanged?: (webhook: Webhook) => void }} */ { webhook, onMade, onChanged }) {
  const w = hookWords.value;
  const form = useRef(null);
  const [url, setUrl] = useState(webhook?.url ?? "");
  const [events, setEvents] = useState(/** @type {WebhookEvent[]} */ (webhook?.events ?? EVENTS));
  const [payload, setPayload] = useState(/** @type {Webhook["payload"]} */ (webhook?.payload ?? "ids"));
  const [description, setDescription] = useState(webhook?.description ?? "");
  const sending = useSending();
  useFaultFocus(form, sending.error);
  useUnsavedWarning(!webhook && Boolean(url || description));
  const toggle = (/** @type {WebhookEvent} */ event) => (/** @type {InputEvent} */ { currentTarget: { checked } }) =>
    setEvents(EVENTS.filter((name) => (name === event ? checked : events.includes(name))));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const fields = { url: url.trim(), events, payload, description: description.trim() || null };
    sending.send(async () => {
      if (webhook) onChanged?.((await change("/webhooks/{webhook_id}", fields, { parts: { webhook_id: webhook.id } })).webhook);
      else onMade?.(await create("/webhooks", fields));
    });
  };
  const id = webhook ? `-${webhook.id}` : "";
  const wait = webhook ? w.saving : w.making;
  return html`
    <form class="stack" ref=${form} novalidate onSubmit=${submit}>
      ${h(TextField, { name: `url${id}`, type: "url", inputmode: "url", label: w.url, hint: w.urlHelp, value: url, fault: sending.faults.url, onInput: setUrl })}
      <fieldset class="checks" aria-describedby=${sending.faults.events ? `events${id}` : undefined}>
        <legend>${w.events}</legend>
        ${EVENTS.map((name) => html`<label class="check" key=${name}><input type="checkbox" checked=${events.includes(name)} aria-invalid=${Boolean(sending.faults.events) || undefined} onChange=${toggle(name)} />${w.eventNames[name]}</label>`)}
      </fieldset>
      ${sending.faults.events && html`<p id=${`events${id}`} class="fault">${w.chooseEvent}</p>`}
      <fieldset class="plain">
        <legend>${w.payload}</legend>
        ${PAYLOADS.map((name) => html`<label class="check" key=${name}><input type="radio" name=${`payload${id}`} checked=${payload === name} onChange=${() => setPayload(name)} />${w.payloads[name]}</label>`)}
      </fieldset>
      ${h(TextField, { name: `description${id}`, label: w.description, isOptional: true, value: description, fault: sending.faults.description, onInput: setDescription })}
      <p class="row"><button type="submit" class="primary" aria-disabled=${sending.isBusy}>${sending.isBusy ? wait : webhook ? w.save : w.submit}</button></p>
    </form>
    ${SendingNote({ sending, texts: { limit_reached: w.limit, validation_error: null } })}`;
}
