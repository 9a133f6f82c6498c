// The requests for an owner's venues, waiting ones first, and the bookings made of them.
import { h, html, useState } from "../vendor/ui.js";
import { query, withQuery } from "../router.js";
import { Icon } from "../icon.js";
import { useReading } from "../parts/reading.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { GROUPS, readGroup, useFresh } from "./bookings.js";
import { OwnerPage, Waiting } from "./frame.js";
import { Notice, useNotice } from "./notice.js";
import { RequestCard } from "./request-card.js";
import { ownerWords } from "./words.js";
/** @import { Group } from "./bookings.js" */

export const styles = ["bookings", "owner", "parts"];

export default function RequestsPage() {
  const w = ownerWords.value.requests;
  const group = GROUPS.find((name) => name === query.value.get("status")) ?? "waiting";
  return h(OwnerPage, { title: w.title, tab: "requests", children: html`
    <nav class="groups" aria-label=${w.list}>
      ${GROUPS.map((name) => html`<a key=${name} class="quiet" href=${withQuery({ status: name === "waiting" ? null : name })} aria-current=${name === group ? "page" : undefined}>${w.groups[name]}</a>`)}
    </nav>
    ${h(RequestList, { key: group, group })}` });
}

function RequestList(/** @type {{ group: Group }} */ { group }) {
  const w = ownerWords.value.requests;
  const [isLong, setLong] = useState(false);
  const reading = useReading((signal) => readGroup(group, undefined, signal), [group]);
  const { data, replace, reload } = reading;
  const { notice, tell } = useNotice(reload, data);
  const more = useSending();
  // A list to which pages were appended is not read again: it would lose them.
  useFresh(reading, !isLong);
  const loadMore = () => more.send(async () => {
    if (!data?.cursor) return;
    const next = await readGroup(group, data.cursor, new AbortController().signal);
    setLong(true);
    replace({ ...next, bookings: [...data.bookings, ...next.bookings] });
  });
  return html`
    <h2 class="sr">${w.groups[group]}</h2>
    ${Notice(notice)}
    ${!data && Waiting({ reading })}
    ${data && data.bookings.length === 0 && Nothing(group)}
    ${data && data.bookings.length > 0 && html`<ul class="requests">${data.bookings.map((booking) => h(RequestCard, { key: booking.id, booking, onDone: tell }))}</ul>`}
    ${SendingNote({ sending: more })}
    ${data?.cursor && html`<p class="more"><button type="button" class="outline" aria-disabled=${more.isBusy} onClick=${loadMore}>${more.isBusy ? w.loadingMore : w.more}</button></p>`}`;
}

const Nothing = (/** @type {Group} */ group) => html`
  <div class="note">
    <p>${ownerWords.value.requests.none[group]}</p>
    ${(group === "waiting" || group === "confirmed") && html`
      <p class="muted">${ownerWords.value.requests.noneHelp}</p>
      <p class="row"><a class="outline" href="/owner/walk-ins/new">${Icon("phone")}${ownerWords.value.home.record}</a></p>`}
  </div>`;
