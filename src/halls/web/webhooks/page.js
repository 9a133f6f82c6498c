// The webhooks of an account.
import { h, html, useState } from "../vendor/ui.js";
import { read } from "../api.js";
import { AccountPage } from "../feeds/frame.js";
import { Waiting } from "../owner/frame.js";
import { useReading } from "../parts/reading.js";
import { HookForm } from "./hook-form.js";
import { HookRow } from "./hook-row.js";
import { Secret } from "./secret.js";
import { hookWords } from "./words.js";
/** @import { Webhook, WebhookMade } from "../types.js" */

export const styles = ["feeds", "owner", "parts", "webhooks"];

export default function WebhooksPage() {
  return h(AccountPage, { title: hookWords.value.title, children: h(Webhooks, null) });
}

function Webhooks() {
  const w = hookWords.value;
  const reading = useReading(async (signal) => (await read("/webhooks", { signal })).webhooks, []);
  // The secret is in the memory of this page only.
  const [shown, setShown] = useState(/** @type {{ secret: string, isRotated: boolean } | null} */ (null));
  const [isRemoved, setRemoved] = useState(false);
  // A new form, with empty fields, after each webhook.
  const [turn, setTurn] = useState(0);
  const { data } = reading;
  if (!data) return Waiting({ reading });
  const add = (/** @type {WebhookMade} */ { secret, webhook }) => {
    setShown({ secret, isRotated: false });
    setRemoved(false);
    setTurn(turn + 1);
    reading.replace([...data, webhook]);
  };
  const drop = (/** @type {Webhook} */ webhook) => {
    setRemoved(true);
    setShown(null);
    reading.replace(data.filter(({ id }) => id !== webhook.id));
  };
  const put = (/** @type {Webhook} */ webhook) => reading.replace(data.map((old) => (old.id === webhook.id ? webhook : old)));
  return html`
    <p class="muted">${w.intro}</p>
    <p class="row"><a class="quiet" href="/account/feeds">${w.feeds}</a><a class="quiet" href="/docs">${w.guide}</a></p>
    <div role="status">${isRemoved && html`<p class="good">${w.removed}</p>`}</div>
    ${shown && h(Secret, { ...shown, onDone: () => setShown(null) })}
    <section aria-labelledby="hooks">
      <h2 id="hooks">${w.list}</h2>
      ${data.length === 0 && html`<div class="note"><p>${w.none}</p><p class="muted">${w.noneHelp}</p></div>`}
      <ul class="feed-list">
        ${data.map((webhook) => html`<li key=${webhook.id}>${h(HookRow, { webhook, onSecret: (secret) => setShown({ secret, isRotated: true }), onChanged: put, onRemoved: () => drop(webhook) })}</li>`)}
      </ul>
    </section>
    <section aria-labelledby="make"><h2 id="make">${w.make}</h2>${h(HookForm, { key: turn, onMade: add })}</section>`;
}
