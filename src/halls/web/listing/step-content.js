// What stands on each step of listing a venue, and what follows the last one.
import { h, html, useEffect, useRef } from "../vendor/ui.js";
import { Icon } from "../icon.js";
import { TextField } from "../parts/field.js";
import { ownerWords } from "../owner/words.js";
import { BasicFields, DetailFields } from "./fields.js";
import { NotLoaded, useLaterFields } from "./later.js";
import { STEPS } from "./steps.js";
import { listingWords } from "./words.js";
/** @import { NewDraft } from "./kept-draft.js" */
/** @import { PictureList } from "./picture-list.js" */
/** @typedef {{ step: number, draft: NewDraft, pictures: PictureList, change: (changes: Partial<NewDraft>) => void, faultOf: (name: string) => string | undefined }} Props */

/** Returns the fields of a step. */
export function StepContent(/** @type {Props} */ { step, draft, pictures, change, faultOf }) {
  const form = { draft, change, faultOf };
  const later = useLaterFields();
  const name = STEPS[step]?.name;
  if (name === "basics") return BasicFields(form);
  if (name === "details") return html`${DetailFields(form)}${ContactField({ draft, change, faultOf })}`;
  if (typeof later === "string") return NotLoaded(later);
  if (name === "place") return h(later.PlaceFields, form);
  if (name === "pictures") return h(later.PictureFields, { list: pictures, fault: faultOf("pictures") });
  return h(later.CalendarFields, { calendar: draft.calendar, onChange: (calendar) => change({ calendar }), faultOf });
}

/** The number of the owner. It belongs to the account, and guests see it with their bookings. */
function ContactField(/** @type {Pick<Props, "draft" | "change" | "faultOf">} */ { draft, change, faultOf }) {
  const w = listingWords.value.details;
  return h(TextField, {
    name: "contact_number", type: "tel", label: w.phone, hint: w.phoneHint, isOptional: true, autocomplete: "tel",
    value: draft.contact_number, onInput: (contact_number) => change({ contact_number }), fault: faultOf("contact_number"),
  });
}

/** The steps as links: everything that was typed stays. */
export function StepList(/** @type {number} */ current, /** @type {(step: number) => string} */ addressOf) {
  const w = listingWords.value;
  return html`
    <nav aria-label=${w.stepsLabel}>
      <ol class="step-list">
        ${STEPS.map(({ name }, index) => html`
          <li key=${name}><a href=${addressOf(index)} aria-current=${index === current ? "step" : undefined}><b>${index + 1}</b><span>${w.short[name]}</span></a></li>`)}
      </ol>
    </nav>`;
}

/** What stands in place of the steps after the success. */
export function Listed(/** @type {{ id: string, onAgain: () => void }} */ { id, onAgain }) {
  const w = listingWords.value;
  const links = ownerWords.value.links;
  const title = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => { title.current?.focus(); }, []);
  return html`
    <div class="good stack" role="status"><h2 ref=${title} tabindex="-1">${w.done}</h2><p>${w.doneText}</p></div>
    <p class="row">
      <a class="primary" href=${`/owner/venues/${id}/calendar`}>${w.toCalendar}</a>
      <a class="outline" href=${`/hall/${id}`}>${Icon("eye")}${links.show}</a>
      <a class="quiet" href=${`/owner/venues/${id}`}>${links.edit}</a>
      <button type="button" class="quiet" onClick=${onAgain}>${w.again}</button>
    </p>`;
}
