// The start page of an owner: waiting requests, the month over all venues, six months, and the way to everything else.
import { h, html } from "../vendor/ui.js";
import { read } from "../api.js";
import { query } from "../router.js";
import { daysOf, monthName } from "../days.js";
import { shortRupees } from "../money.js";
import { Icon } from "../icon.js";
import { useReading } from "../parts/reading.js";
import { countDays, readGroup, readMonth, readVenues, useFresh } from "./bookings.js";
import { OwnerPage, Waiting } from "./frame.js";
import { Month, readMonthName, sixMonths } from "./month.js";
import { NoVenue } from "./no-venue.js";
import { Notice, useNotice } from "./notice.js";
import { RequestCard } from "./request-card.js";
import { ownerWords } from "./words.js";
/** @import { Listed } from "./bookings.js" */
/** @import { Venue } from "../types.js" */
/** @typedef {{ venues: Venue[], waiting: Listed }} Loaded */

export const styles = ["bookings", "owner", "parts"];
const SHOWN_REQUESTS = 2;

export default function HomePage() {
  return h(OwnerPage, { title: ownerWords.value.home.title, tab: "home", children: h(Home, null) });
}

/** @returns {Promise<Loaded>} */
async function readHome(/** @type {AbortSignal} */ signal) {
  const [venues, waiting] = await Promise.all([readVenues(signal), readGroup("waiting", undefined, signal)]);
  return { venues, waiting };
}

function Home() {
  const month = readMonthName(query.value.get("month"));
  const reading = useReading(readHome, []);
  const bookings = useReading(async (signal) => ({ month, bookings: await readMonth(month, signal) }), [month]);
  const reload = () => {
    reading.reload();
    bookings.reload();
  };
  const { notice, tell } = useNotice(reload, reading.data);
  useFresh({ reload });
  const { data } = reading;
  if (!data) return Waiting({ reading });
  if (data.venues.length === 0) return html`${NoVenue()}${Links()}`;
  const closed = data.venues.every((venue) => countDays(venue) === 0) ? data.venues[0] : undefined;
  const shown = bookings.data?.month === month ? bookings.data.bookings : null;
  return html`
    ${Notice(notice)}
    ${closed && NoDays(closed)}
    ${Requests(data.waiting, tell)}
    ${bookings.error && !shown ? Waiting({ reading: bookings }) : h(Month, { month, venues: data.venues, bookings: shown })}
    ${h(SixMonths, null)}
    ${Links()}`;
}

const NoDays = (/** @type {Venue} */ venue) => html`
  <div class="note">
    <p>${ownerWords.value.home.noDays(venue.venue_name)}</p>
    <p class="row"><a class="primary" href=${`/owner/venues/${venue.id}/calendar`}>${ownerWords.value.home.offerDays}</a></p>
  </div>`;

function Requests(/** @type {Listed} */ { bookings, total }, /** @type {(text: string) => void} */ tell) {
  const w = ownerWords.value.home;
  return html`
    <section aria-labelledby="waiting">
      <h2 id="waiting">${total ? w.waiting(total) : w.none}</h2>
      ${total === 0 && html`<p class="muted">${w.noneHelp}</p>`}
      ${total > 0 && html`<ul class="requests">${bookings.slice(0, SHOWN_REQUESTS).map((booking) => h(RequestCard, { key: booking.id, booking, onDone: tell }))}</ul>`}
      <p class="row"><a class="outline" href="/owner/requests">${Icon("bell")}${w.allRequests}</a></p>
    </section>`;
}

/** Requests, booked days and their sum for each of six months. */
function SixMonths() {
  const w = ownerWords.value.sixMonths;
  const months = sixMonths();
  const query = /** @type {const} */ ({ from: `${months[0]}-01`, to: daysOf(months.at(-1) ?? "").at(-1) ?? "", by: "month" });
  const reading = useReading((signal) => read("/statistics", { query, signal }), []);
  const { data } = reading;
  if (!data && reading.error) return Waiting({ reading });
  return html`
    <section aria-labelledby="six" aria-busy=${data === null}>
      <h2 id="six">${w.title}</h2>
      <table class="six">
        <thead><tr><th scope="col">${w.month}</th><th scope="col">${w.requests}</th><th scope="col">${w.booked}</th><th scope="col">${w.sum}</th></tr></thead>
        <tbody>${months.map((month) => {
          const row = data?.rows.find(({ key }) => key === month);
          return html`<tr key=${month}><th scope="row">${monthName(month)}</th><td>${row?.pending}</td><td>${row?.booked}</td><td>${row && shortRupees(row.revenue_locked)}</td></tr>`;
        })}</tbody>
      </table>
      <p class="row"><a class="outline" href="/owner/statistics">${Icon("chart-column")}${w.all}</a></p>
    </section>`;
}

function Links() {
  const w = ownerWords.value;
  const links = [
    ["/owner/venues/new", "plus", w.links.list, ""], ["/account/feeds", "calendar-days", w.links.feeds, w.home.feedsText],
    ["/account/webhooks", "link", w.links.webhooks, w.home.webhooksText], ["/account#blocked", "ban", w.links.blocked, ""],
  ];
  return html`
    <nav class="owner-links" aria-labelledby="links">
      <h2 id="links">${w.home.more}</h2>
      <ul>${links.map(([href = "", icon = "", label, text]) => html`<li key=${href}><a href=${href}>${Icon(icon)}<span>${label}${text && html`<small class="muted">${text}</small>`}</span></a></li>`)}</ul>
    </nav>`;
}
