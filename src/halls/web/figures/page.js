// The figures of an owner's venues: as charts, as tables and as a file.
import { h, html } from "../vendor/ui.js";
import { read, readFile } from "../api.js";
import { Icon } from "../icon.js";
import { rupees, shortRupees } from "../money.js";
import { readVenues } from "../owner/bookings.js";
import { OwnerPage, Waiting } from "../owner/frame.js";
import { faultsByField } from "../parts/error-text.js";
import { useReading } from "../parts/reading.js";
import { saveFile } from "../parts/save-file.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { Chart } from "./chart.js";
import { Filters } from "./filters.js";
import { readChoice } from "./period.js";
import { cellsOf, daysBars, nameOfRow, percentOf, revenueBars, trimRows } from "./rows.js";
import { figureWords } from "./words.js";
/** @import { Figures, Statistics, Venue } from "../types.js" */
/** @import { Choice } from "./period.js" */

export const styles = ["figures", "owner", "parts"];
const COLUMNS = /** @type {const} */ (["offered", "booked", "occupancy", "pending", "revenue", "guests", "lead", "cancelled"]);
const LEGEND = /** @type {const} */ (["offered", "booked", "pending"]);
const number = (/** @type {number} */ count) => count.toLocaleString("en-PK");

export default function FiguresPage() {
  return h(OwnerPage, { title: figureWords.value.title, tab: "figures", children: h(Content, null) });
}

function Content() {
  const choice = readChoice();
  const { from, to, by, venueId } = choice;
  const query = { from, to, ...(venueId && { venue_id: venueId }) };
  const venues = useReading(readVenues, []);
  const reading = useReading((signal) => read("/statistics", { query: { ...query, by }, signal }), [from, to, by, venueId]);
  const isInvalid = reading.error?.status === 422;
  const isShown = reading.data !== null && (reading.error === null || reading.error.status === 0);
  // The filters come with the first figures: what stands below them would move.
  const isFirst = [venues, reading].some(({ data, error }) => data === null && error === null);
  if (isFirst) return html`${Intro()}${Waiting({ reading })}`;
  return html`
    ${Intro()}
    ${h(Filters, { choice, venues: venues.data ?? [], faults: faultsByField(reading.error) })}
    ${isShown && reading.data ? Shown({ statistics: reading.data, venues: venues.data ?? [] }) : !isInvalid && Waiting({ reading })}
    ${isShown && h(Download, { query })}`;
}

const Intro = () => html`<p class="muted">${figureWords.value.intro}</p>`;

/** The response says by which rows it is, while those of another choice are read. */
function Shown(/** @type {{ statistics: Statistics, venues: Venue[] }} */ { statistics: { rows, total, by }, venues }) {
  const w = figureWords.value;
  const nameOf = (/** @type {string} */ key) => nameOfRow(key, by, venues);
  if (total.offered + total.booked + total.pending === 0) return Nothing();
  const drawn = trimRows(rows, by);
  return html`
    ${Totals(total)}
    <section aria-labelledby="days-chart">
      <h2 id="days-chart">${w.daysChart}</h2>
      <p class="chart-legend">${LEGEND.map((name) => html`<span key=${name}><i class=${name}></i>${w.legend[name]}</span>`)}</p>
      ${Chart(daysBars(drawn, nameOf))}
    </section>
    <section aria-labelledby="revenue-chart">
      <h2 id="revenue-chart">${w.revenueChart}</h2>
      ${Chart(revenueBars(drawn, nameOf))}
    </section>
    <details class="figure-table">
      <summary>${w.table}</summary>
      <div class="sideways" role="region" aria-label=${w.table} tabindex="0">
        <table>
          <thead><tr><th scope="col">${w.by[by]}</th>${COLUMNS.map((name) => html`<th scope="col" key=${name}>${w.columns[name]}</th>`)}</tr></thead>
          <tbody>${rows.map((row) => html`<tr key=${row.key}><th scope="row"><bdi>${nameOf(row.key)}</bdi></th>${Cells(row)}</tr>`)}</tbody>
          <tfoot><tr><th scope="row">${w.sum}</th>${Cells(total)}</tr></tfoot>
        </table>
      </div>
    </details>`;
}

const Cells = (/** @type {Figures} */ figures) => cellsOf(figures).map((text, index) => html`<td key=${index}><bdi>${text}</bdi></td>`);

function Totals(/** @type {Figures} */ total) {
  const w = figureWords.value;
  const { booked, walk_ins, occupancy, revenue_locked, unpriced, guests, pending, lead_days_median: lead } = total;
  return html`
    <dl class="totals" aria-label=${w.totals}>
      ${Total(w.booked, number(booked), walk_ins ? w.walkIns(walk_ins) : "")}
      ${Total(w.occupancy, percentOf(occupancy))}
      ${Total(w.revenue, shortRupees(revenue_locked), unpriced ? w.unpriced(unpriced) : rupees(revenue_locked))}
      ${Total(w.guests, number(guests))}
      ${Total(w.pending, number(pending))}
      ${Total(w.lead, lead === null ? w.none : w.leadDays(lead))}
    </dl>`;
}

const Total = (/** @type {string} */ name, /** @type {string} */ value, note = "") => html`
  <div><dt>${name}</dt><dd><b><bdi>${value}</bdi></b>${note && html`<small><bdi>${note}</bdi></small>`}</dd></div>`;

const Nothing = () => html`
  <div class="note">
    <p>${figureWords.value.empty}</p><p class="muted">${figureWords.value.emptyHelp}</p>
    <p class="row"><a class="outline" href="/owner/venues">${Icon("building-2")}${figureWords.value.toVenues}</a></p>
  </div>`;

function Download(/** @type {{ query: { from: string, to: string, venue_id?: string } }} */ { query }) {
  const w = figureWords.value;
  const sending = useSending();
  const load = () => sending.send(async () => saveFile(await readFile("/exports/bookings.csv", { query }), `halls-${query.from}-${query.to}.csv`));
  return html`
    <p class="row"><button type="button" class="outline" aria-disabled=${sending.isBusy} onClick=${load}>${Icon("download")}${sending.isBusy ? w.downloading : w.download}</button></p>
    <p class="muted small">${w.downloadHelp}</p>
    ${SendingNote({ sending })}`;
}
