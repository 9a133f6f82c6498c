// The booked days that an error names, as links to their bookings.
import { html } from "../vendor/ui.js";
import { read } from "../api.js";
import { findRoute } from "../router.js";
import { dayAndMonth } from "../days.js";
/** @import { ApiError } from "../api.js" */
/** @typedef {{ date: string, id: string | undefined }} BookedDay `id` is that of the booking */

export const BookedDays = (/** @type {{ days: BookedDay[] }} */ { days }) => html`<ul class="booked-days">${days.map(BookedLink)}</ul>`;

function BookedLink(/** @type {BookedDay} */ { date, id }) {
  const request = `/owner/requests/${id}`;
  return html`<li key=${date}>${id ? html`<a href=${findRoute(request) ? request : `/my/bookings/${id}`}>${dayAndMonth(date)}</a>` : dayAndMonth(date)}</li>`;
}

/** Returns the booked days that the error names, with their bookings where these can be read. @returns {Promise<BookedDay[]>} */
export async function findBookedDays(/** @type {ApiError} */ error, /** @type {string | undefined} */ venue_id = undefined) {
  const dates = error.details.flatMap(({ params }) => /** @type {string[]} */ (params.dates ?? []));
  const query = /** @type {const} */ ({ status: "pending,confirmed", date_from: dates[0], date_to: dates.at(-1), limit: 200, venue_id });
  const { bookings } = await read("/bookings", { query }).catch(() => ({ bookings: [] }));
  return dates.map((date) => ({ date, id: bookings.find((booking) => booking.date === date)?.id }));
}
