// The days around the wanted one, each with its lowest price: a guest sees what another day would save.
import { html, useEffect, useState } from "../vendor/ui.js";
import { withQuery } from "../router.js";
import { words } from "../words.js";
import { addDays, dayNumber, isWeekend, today, weekdayName } from "../days.js";
import { inLakh } from "../money.js";
import { DAYS_AROUND, readLowestPrices } from "./lowest-prices.js";
/** @import { Wish } from "../parts/wish.js" */
/** @import { LowestPrices } from "./lowest-prices.js" */

export function DayStrip(/** @type {{ wish: Wish & { date: string } }} */ { wish }) {
  const w = words.value;
  const [lowest, setLowest] = useState(/** @type {LowestPrices} */ ({}));
  const days = Array.from({ length: 2 * DAYS_AROUND + 1 }, (_, index) => addDays(wish.date, index - DAYS_AROUND)).filter((day) => day > today());
  useEffect(() => {
    const stop = new AbortController();
    // Without its price, a day can still be chosen.
    readLowestPrices(wish, days, stop.signal).then(setLowest).catch(() => setLowest({}));
    return () => stop.abort();
  }, [JSON.stringify({ ...wish, sort: null })]);
  const prices = days.map((day) => lowest[day] ?? null).filter((price) => price !== null);
  const best = Math.min(...prices);
  // A mark on most days says nothing.
  const isMarked = prices.filter((price) => price === best).length <= days.length / 2 && prices.length > 1;
  return html`
    <nav class="strip" aria-label=${w.results.strip}>
      ${days.map((day) => html`
        <a key=${day} href=${withQuery({ date: day })} aria-current=${day === wish.date ? "date" : undefined} class=${isWeekend(day) ? "weekend" : ""}>
          <span>${weekdayName(day)}</span> <b>${dayNumber(day)}</b>
          ${PriceOfDay(lowest[day], isMarked && lowest[day] === best)}
        </a>`)}
    </nav>`;
}

function PriceOfDay(/** @type {number | null | undefined} */ price, /** @type {boolean} */ isBest) {
  if (price === undefined) return html`<small aria-hidden="true">·</small>`;
  if (price === null) return html`<small>${words.value.results.noneFree}</small>`;
  return html`<small class=${isBest ? "best" : ""}>${inLakh(price)}<span class="sr"> ${words.value.lakhRupees}</span></small>`;
}
