// The month at a glance: a row for each venue, a column for each day. A free day leads to the walk-in form, a taken one to its booking.
import { html, useEffect, useRef } from "../vendor/ui.js";
import { go, withQuery } from "../router.js";
import { direction, words } from "../words.js";
import { addMonths, dayNumber, daysOf, isWeekend, longDay, today, weekdayName } from "../days.js";
import { shortRupees } from "../money.js";
import { MonthHead, weeksOf } from "../parts/day-grid.js";
import { guestName } from "./state.js";
import { ownerWords } from "./words.js";
/** @import { Booking, Venue } from "../types.js" */
/** @typedef {"booked" | "requested" | "free" | "closed" | "past"} State */
/** @typedef {{ venue: Venue, offered: Set<string> }} Row */
/** @typedef {{ month: string, venues: Venue[], bookings: Booking[] | null }} Props `bookings` are null until they are read. */

// So many venues have their weeks below each other, which fits a phone. More have one long row each, which scrolls sideways.
const MOST_IN_WEEKS = 2;
const SHOWN_STATES = /** @type {const} */ (["booked", "requested", "free", "closed"]);

export function Month(/** @type {Props} */ { month, venues, bookings }) {
  const w = ownerWords.value.home;
  const byDay = new Map((bookings ?? []).map((booking) => [`${booking.venue_id} ${booking.date}`, booking]));
  const rows = venues.map((venue) => ({ venue, offered: new Set(venue.dates_available) }));
  const isInWeeks = venues.length <= MOST_IN_WEEKS;
  const parts = isInWeeks ? weeksOf(month) : [daysOf(month)];
  const turn = (/** @type {number} */ count) => go(withQuery({ month: addMonths(month, count) }), { replace: true, keepScroll: true });
  return html`
    <section class="glance" aria-labelledby="glance" aria-busy=${bookings === null}>
      <h2 id="glance">${w.month}</h2>
      ${MonthHead({ month, onTurn: turn })}
      ${Sums(bookings ?? [])}
      <div class=${isInWeeks ? "weeks" : "line"} role="group" aria-labelledby="glance" tabindex=${isInWeeks ? undefined : 0} ref=${useTodayInView(month)}>
        <table aria-labelledby="glance">${parts.map((days) => Part({ days, month, rows, byDay }))}</table>
      </div>
      <p class="legend">${SHOWN_STATES.map((state) => html`<span key=${state}><i class=${`mark ${state}`}></i>${w.states[state]}</span>`)}<span class="muted">${w.help}</span></p>
    </section>`;
}

/** Scrolls to today sideways. The page itself stays where it is. */
function useTodayInView(/** @type {string} */ month) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const [day, name] = [box.current?.querySelector('[aria-current="date"]'), box.current?.querySelector(".corner")];
    if (!day || !name) return;
    const [from, to] = [name.getBoundingClientRect(), day.getBoundingClientRect()];
    box.current?.scrollBy({ left: direction.value === "rtl" ? to.right - from.left : to.left - from.right });
  }, [month, direction.value]);
  return box;
}

/** "11 booked · Rs 34.8 lakh", and the number of requests. */
function Sums(/** @type {Booking[]} */ bookings) {
  const w = ownerWords.value.home;
  const booked = bookings.filter(({ status }) => status === "confirmed");
  const pending = bookings.length - booked.length;
  const sum = booked.reduce((total, { price_locked }) => total + (price_locked ?? 0), 0);
  return html`<p class="sums"><b>${w.sum(booked.length, shortRupees(sum))}</b>${pending > 0 && html` <span class="muted">· ${w.pending(pending)}</span>`}</p>`;
}

/** The heads of some days, and below them a row for each venue. */
function Part(/** @type {{ days: (string | null)[], month: string, rows: Row[], byDay: Map<string, Booking> }} */ { days, month, rows, byDay }) {
  return html`
    <tbody key=${days.find((day) => day !== null)}>
      <tr>
        <td class="corner"></td>
        ${days.map((day, slot) => (day
          ? html`<th scope="col" key=${day} class=${isWeekend(day) ? "weekend" : ""} aria-current=${day === today() ? "date" : undefined}><small>${weekdayName(day)}</small> <b>${dayNumber(day)}</b></th>`
          : html`<td key=${slot}></td>`))}
      </tr>
      ${rows.map((row) => html`
        <tr key=${row.venue.id}>
          <th scope="row"><a href=${`/owner/venues/${row.venue.id}/calendar?month=${month}`}><bdi>${row.venue.venue_name}</bdi></a>${!row.venue.is_listed && html`<small>${ownerWords.value.home.unlisted}</small>`}</th>
          ${days.map((day, slot) => (day ? Cell({ row, day, booking: byDay.get(`${row.venue.id} ${day}`) }) : html`<td key=${slot}></td>`))}
        </tr>`)}
    </tbody>`;
}

/** @returns {State} */
function stateOf(/** @type {Row} */ { offered }, /** @type {string} */ day, /** @type {Booking | undefined} */ booking) {
  if (booking) return booking.status === "confirmed" ? "booked" : "requested";
  if (day < today()) return "past";
  return offered.has(day) ? "free" : "closed";
}

function Cell(/** @type {{ row: Row, day: string, booking: Booking | undefined }} */ { row, day, booking }) {
  const w = ownerWords.value.home;
  const state = stateOf(row, day, booking);
  const comma = words.value.common.comma;
  const mark = html`<i class=${`mark ${state}`} aria-hidden="true"></i>`;
  if (booking) return html`<td key=${day}><a href=${`/owner/requests/${booking.id}`}>${mark}<span class="sr">${longDay(day)}${comma}${w.states[state]}${comma}${guestName(booking)}</span></a></td>`;
  const walkIn = `/owner/walk-ins/new?venue=${row.venue.id}&date=${day}`;
  if (state === "free") return html`<td key=${day}><a href=${walkIn}>${mark}<span class="sr">${longDay(day)}${comma}${w.states.free}${comma}${w.record}</span></a></td>`;
  return html`<td key=${day}><span>${mark}<span class="sr">${w.states[state]}</span></span></td>`;
}

/** Returns the month of the address, or the current one. */
export function readMonthName(/** @type {string | null} */ asked) {
  return /^20\d\d-(0[1-9]|1[0-2])$/.test(asked ?? "") ? asked ?? "" : today().slice(0, 7);
}

/** Returns six months, the first of which is the current one. */
export const sixMonths = () => [0, 1, 2, 3, 4, 5].map((count) => addMonths(today().slice(0, 7), count));
