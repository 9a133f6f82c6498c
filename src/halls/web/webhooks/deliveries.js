// The deliveries of a webhook: what arrived, what failed and why, and a button that delivers an event again.
import { h, html, useState } from "../vendor/ui.js";
import { create, read } from "../api.js";
import { longMoment } from "../days.js";
import { Icon } from "../icon.js";
import { Field } from "../parts/field.js";
import { Waiting } from "../owner/frame.js";
import { useReading } from "../parts/reading.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { hookWords } from "./words.js";
/** @import { Delivery } from "../types.js" */
/** @typedef {Delivery["status"]} Status */
/** @typedef {{ deliveries: Delivery[], next_cursor: string | null }} Page */
/** @typedef {{ currentTarget: HTMLSelectElement }} SelectEvent */

const STATUSES = /** @type {const} */ (["pending", "delivered", "failed"]);
const PAGE_SIZE = 20;

/** @returns {Promise<Page>} */
const readPage = (/** @type {string} */ id, /** @type {Status | undefined} */ status, /** @type {string | undefined} */ cursor, /** @type {AbortSignal | undefined} */ signal) =>
  read("/webhooks/{webhook_id}/deliveries", { parts: { webhook_id: id }, query: { status, cursor, limit: PAGE_SIZE }, signal });

/** `turn` is a number that changes when the list should be read again, such as after a test. */
export function Deliveries(/** @type {{ id: string, turn: number }} */ { id, turn }) {
  const w = hookWords.value;
  const [status, setStatus] = useState(/** @type {Status | undefined} */ (undefined));
  const reading = useReading((signal) => readPage(id, status, undefined, signal), [id, status, turn]);
  const [note, setNote] = useState("");
  const more = useSending();
  const again = useSending();
  const { data } = reading;
  const replay = (/** @type {Delivery} */ { event_id }) => again.send(async () => {
    const { count } = await create("/webhooks/{webhook_id}/replay", { event_id }, { parts: { webhook_id: id } });
    setNote(count ? w.replayed : w.notReplayed);
    reading.reload();
  });
  const loadMore = () => more.send(async () => {
    if (!data?.next_cursor) return;
    const next = await readPage(id, status, data.next_cursor, undefined);
    reading.replace({ deliveries: [...data.deliveries, ...next.deliveries], next_cursor: next.next_cursor });
  });
  return html`
    <div class="deliveries">
      <div class="delivery-bar">
        ${h(Field, {
          name: `status-${id}`, label: w.status,
          control: ({ id: field }) => html`
            <select id=${field} value=${status ?? ""} onChange=${(/** @type {SelectEvent} */ event) => setStatus(STATUSES.find((name) => name === event.currentTarget.value))}>
              <option value="">${w.all}</option>
              ${STATUSES.map((name) => html`<option key=${name} value=${name}>${w.statuses[name]}</option>`)}
            </select>`,
        })}
        <button type="button" class="outline" onClick=${reading.reload}>${Icon("rotate-cw")}${w.refresh}</button>
      </div>
      <div role="status">${note && !again.error && html`<p class="good">${note}</p>`}</div>
      ${SendingNote({ sending: again })}
      ${!data || reading.error ? Waiting({ reading }) : data.deliveries.length === 0 ? html`<p class="muted">${w.noDeliveries}</p>` : html`
        <ul class="delivery-list">${data.deliveries.map((delivery) => html`<li key=${delivery.id}>${DeliveryRow(delivery)}</li>`)}</ul>`}
      ${SendingNote({ sending: more })}
      ${data?.next_cursor && html`<p class="row"><button type="button" class="outline" aria-disabled=${more.isBusy} onClick=${loadMore}>${more.isBusy ? w.loadingMore : w.more}</button></p>`}
      <p class="muted small">${w.keptFor}</p>
    </div>`;

  function DeliveryRow(/** @type {Delivery} */ delivery) {
    const { type, status: state, tries, last_status, last_ms, reason, next_at, created_at } = delivery;
    const names = /** @type {Record<string, string>} */ (w.eventNames);
    const reasons = /** @type {Record<string, string>} */ (w.reasons);
    const facts = [w.tries(tries), last_status !== null && w.response(last_status), last_ms !== null && w.took(last_ms), next_at && w.next(longMoment(next_at))].filter(Boolean);
    return html`
      <p><b class=${`delivery ${state}`}>${w.statuses[state]}</b> ${names[type] ?? type}</p>
      <p class="muted small">${longMoment(created_at)} · ${facts.join(" · ")}</p>
      ${reason && state !== "delivered" && html`<p class="small">${reasons[reason] ?? reason}</p>`}
      ${state !== "pending" && html`<p class="row"><button type="button" class="outline" aria-disabled=${again.isBusy} onClick=${() => replay(delivery)}>${again.isBusy ? w.replaying : w.replay}</button></p>`}`;
  }
}
