// The calendar feeds of an account.
import { h, html, useState } from "../vendor/ui.js";
import { read } from "../api.js";
import { readVenues } from "../owner/bookings.js";
import { Waiting } from "../owner/frame.js";
import { useReading } from "../parts/reading.js";
import { Instructions, NewAddress } from "./address.js";
import { FeedForm } from "./feed-form.js";
import { FeedRow } from "./feed-row.js";
import { AccountPage, isOwner } from "./frame.js";
import { feedWords } from "./words.js";
/** @import { Feed, Venue } from "../types.js" */
/** @import { Address } from "./address.js" */

export const styles = ["feeds", "owner", "parts"];

export default function FeedsPage() {
  return h(AccountPage, { title: feedWords.value.title, children: h(Feeds, null) });
}

/** @returns {Promise<{ feeds: Feed[], venues: Venue[] }>} */
async function readFeeds(/** @type {AbortSignal} */ signal) {
  const [{ feeds }, venues] = await Promise.all([read("/feeds", { signal }), isOwner() ? readVenues(signal) : []]);
  return { feeds, venues };
}

function Feeds() {
  const w = feedWords.value;
  const reading = useReading(readFeeds, []);
  // The address is in the memory of this page only.
  const [address, setAddress] = useState(/** @type {Address | null} */ (null));
  const [isRemoved, setRemoved] = useState(false);
  const { data } = reading;
  if (!data) return Waiting({ reading });
  const show = (/** @type {Address} */ next) => {
    setAddress(next);
    setRemoved(false);
    reading.reload();
  };
  const drop = (/** @type {Feed} */ feed) => {
    setRemoved(true);
    setAddress(null);
    reading.replace({ ...data, feeds: data.feeds.filter(({ id }) => id !== feed.id) });
  };
  return html`
    <p class="muted">${w.intro}</p>
    <div role="status">${isRemoved && html`<p class="good">${w.removed}</p>`}</div>
    ${address && h(NewAddress, { address, onDone: () => setAddress(null) })}
    <section aria-labelledby="feeds">
      <h2 id="feeds">${w.list}</h2>
      ${data.feeds.length === 0 && html`<div class="note"><p>${w.none}</p><p class="muted">${w.noneHelp}</p></div>`}
      <ul class="feed-list">
        ${data.feeds.map((feed) => html`<li key=${feed.id}>${h(FeedRow, { feed, venues: data.venues, onAddress: show, onRemoved: () => drop(feed) })}</li>`)}
      </ul>
    </section>
    <section aria-labelledby="make"><h2 id="make">${w.make}</h2>${h(FeedForm, { venues: data.venues, onMade: show })}</section>
    ${!address && html`<section>${Instructions()}</section>`}`;
}
