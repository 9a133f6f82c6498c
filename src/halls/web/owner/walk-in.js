// The page that records a booking made by telephone.
import { h, html, useState } from "../vendor/ui.js";
import { query } from "../router.js";
import { longDay } from "../days.js";
import { useReading } from "../parts/reading.js";
import { readVenues } from "./bookings.js";
import { OwnerPage, Waiting } from "./frame.js";
import { NoVenue } from "./no-venue.js";
import { Notice, useNotice } from "./notice.js";
import { guestName } from "./state.js";
import { WalkInForm } from "./walk-in-form.js";
import { ownerWords } from "./words.js";
/** @import { Booking } from "../types.js" */

export const styles = ["bookings", "owner", "parts"];

export default function WalkInPage() {
  return h(OwnerPage, { title: ownerWords.value.walkIn.title, tab: "walkIn", kind: "slim", children: h(WalkIn, null) });
}

function WalkIn() {
  const w = ownerWords.value.walkIn;
  const reading = useReading(readVenues, []);
  const [recorded, setRecorded] = useState(/** @type {Booking | null} */ (null));
  const { notice, tell } = useNotice(() => {}, recorded);
  const { data } = reading;
  if (!data) return Waiting({ reading });
  if (data.length === 0) return NoVenue();
  const finish = (/** @type {Booking} */ booking) => {
    setRecorded(booking);
    tell(w.done(guestName(booking), longDay(booking.date ?? "")));
  };
  if (recorded) {
    return html`
      ${Notice(notice)}
      <p class="row">
        <a class="outline" href=${`/owner/requests/${recorded.id}`}>${w.seeBooking}</a>
        <button type="button" class="outline" onClick=${() => setRecorded(null)}>${w.another}</button>
      </p>`;
  }
  return html`<p class="muted">${w.intro}</p>${h(WalkInForm, { venues: data, venueId: query.value.get("venue"), date: query.value.get("date"), onDone: finish })}`;
}
