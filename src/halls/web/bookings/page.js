// The bookings of the guest who is logged in: upcoming, past, cancelled.
import { h, html, useEffect } from "../vendor/ui.js";
import { query, useTitleFocus, withQuery } from "../router.js";
import { words } from "../words.js";
import { longDay, longMoment } from "../days.js";
import { rupees } from "../money.js";
import { Icon } from "../icon.js";
import { ErrorPanel } from "../parts/error-panel.js";
import { LazyLogin } from "../parts/lazy-login.js";
import { useAccess, useReading } from "../parts/reading.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { session } from "../session.js";
import { ContactLinks } from "./contact.js";
import { GROUPS, readBookings } from "./list.js";
import { isOpen, pictureOf, stateClass, stateText, venueName } from "./state.js";
/** @import { Booking } from "../types.js" */
/** @import { Group } from "./list.js" */

export const styles = ["bookings", "parts"];

export default function BookingsPage() {
  const w = words.value.bookings;
  const isAllowed = useAccess();
  const group = GROUPS.find((name) => name === query.value.get("show")) ?? "upcoming";
  useEffect(() => { document.title = `${w.title} · ${words.value.brand}`; });
  useTitleFocus(isAllowed);
  return html`
    <main id="main" class="bookings">
      <h1 tabindex="-1">${w.title}</h1>
      ${isAllowed && html`
        <nav class="groups" aria-label=${w.list}>
          ${GROUPS.map((name) => html`<a key=${name} class="quiet" href=${withQuery({ show: name === "upcoming" ? null : name })} aria-current=${name === group ? "page" : undefined}>${w.groups[name]}</a>`)}
        </nav>
        ${h(BookingList, { key: group, group })}`}
    </main>`;
}

function BookingList(/** @type {{ group: Group }} */ { group }) {
  const w = words.value.bookings;
  const { data, error, reload, replace } = useReading((signal) => readBookings(group, undefined, signal), [group]);
  const more = useSending();
  const loadMore = () => more.send(async () => {
    if (!data?.cursor) return;
    const next = await readBookings(group, data.cursor, new AbortController().signal);
    replace({ bookings: [...data.bookings, ...next.bookings], cursor: next.cursor });
  });
  if (!data && !session.value) return html`<div class="note">${h(LazyLogin, { submitLabel: words.value.login.submit })}</div>`;
  if (!data) return error ? h(ErrorPanel, { error, onRetry: reload }) : html`<ul class="booking-list" aria-busy="true">${[1, 2, 3].map(Skeleton)}</ul>`;
  if (data.bookings.length === 0) return Nothing(group);
  return html`
    <ul class="booking-list">${data.bookings.map((booking) => BookingRow(booking))}</ul>
    ${SendingNote({ sending: more })}
    ${data.cursor && html`<p class="more"><button type="button" class="outline" aria-disabled=${more.isBusy} onClick=${loadMore}>${more.isBusy ? w.loadingMore : w.more}</button></p>`}`;
}

const Skeleton = () => html`<li class="booking-row ghost" aria-hidden="true"><div class="window"><i></i></div><div class="text"><i></i><i></i><i></i></div></li>`;

const Nothing = (/** @type {Group} */ group) => html`
  <div class="note">
    <p>${words.value.bookings.none[group]}</p>
    <p class="row"><a class="outline" href="/">${Icon("search")}${words.value.bookings.search}</a></p>
  </div>`;

function BookingRow(/** @type {Booking} */ booking) {
  const w = words.value.bookings;
  const address = `/my/bookings/${booking.id}`;
  return html`
    <li class="booking-row" key=${booking.id}>
      <div class="window"><img src=${pictureOf(booking)} alt="" width="480" height="360" loading="lazy" decoding="async" referrerpolicy="no-referrer" /></div>
      <div class="text">
        <p class=${stateClass(booking)}>${stateText(booking)}</p>
        <h2><a href=${address}><bdi>${venueName(booking)}</bdi></a></h2>
        <p>${booking.date ? longDay(booking.date) : w.unknownDay}</p>
        <p class="muted">${booking.guests !== null && html`${w.guests(booking.guests)} · `}<b>${booking.price_locked === null ? w.noPrice : rupees(booking.price_locked)}</b></p>
        ${booking.hold_until && isOpen(booking) && html`<p class="held">${Icon("clock")}${w.heldUntil(longMoment(booking.hold_until))}</p>`}
        ${isOpen(booking) && html`<p class="row">${ContactLinks(booking.contact)}<a class="quiet" href=${`${address}#cancel`}>${w.cancel}</a></p>`}
      </div>
    </li>`;
}
