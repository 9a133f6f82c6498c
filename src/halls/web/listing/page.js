// Lists a venue in five steps. What is typed stays in this browser until it is sent once.
import { h, html, useEffect, useMemo, useRef, useState } from "../vendor/ui.js";
import { change, create, read } from "../api.js";
import { randomText } from "../random-text.js";
import { go, query, withQuery } from "../router.js";
import { words } from "../words.js";
import { saveSession, session } from "../session.js";
import { LazyLogin } from "../parts/lazy-login.js";
import { useReading } from "../parts/reading.js";
import { SendingNote, useSending } from "../parts/sending.js";
import { useFaultFocus } from "../parts/field.js";
import { OwnerPage, Waiting } from "../owner/frame.js";
import { fieldsOf } from "./draft.js";
import { apiName } from "./fields.js";
import { calendarFields, isRange, nameWeekday } from "./first-calendar.js";
import { dropDraft, keepDraft, loadDraft } from "./kept-draft.js";
import { Listed, StepContent, StepList } from "./step-content.js";
import { PictureList } from "./picture-list.js";
import { findMissing, faultOf, STEPS, stepOf, withoutFaults } from "./steps.js";
import { listingWords } from "./words.js";
/** @import { FieldFault, Profile } from "../types.js" */
/** @import { NewDraft } from "./kept-draft.js" */

export const styles = ["listing", "owner", "parts"];
const LAST = STEPS.length - 1;

export default function ListingPage() {
  const reading = useReading((signal) => read("/auth/me", { signal }), []);
  const profile = reading.data?.profile;
  const [round, setRound] = useState(0);
  const again = () => {
    setRound(round + 1);
    go("/owner/venues/new");
  };
  return h(OwnerPage, {
    title: listingWords.value.title, tab: "venues", kind: "slim listing",
    children: profile ? h(Listing, { key: `${profile.id}-${round}`, profile, onAgain: again }) : Waiting({ reading }),
  });
}

function Listing(/** @type {{ profile: Profile, onAgain: () => void }} */ { profile, onAgain }) {
  const w = listingWords.value;
  const kept = useMemo(() => loadDraft(profile), []);
  const [draft, setDraft] = useState(kept.draft);
  const [faults, setFaults] = useState(/** @type {FieldFault[]} */ ([]));
  const [turn, setTurn] = useState(0);
  const [listed, setListed] = useState("");
  const sending = useSending();
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const step = Math.min(LAST, Math.max(0, Number(query.value.get("step") ?? 1) - 1 || 0));
  const edit = (/** @type {Partial<NewDraft>} */ changes) => {
    setDraft((old) => ({ ...old, ...changes }));
    const names = Object.keys(changes).flatMap((name) => (name === "calendar" ? STEPS[LAST]?.fields ?? [] : apiName(name)));
    setFaults((old) => withoutFaults(old, names));
  };
  const pictures = useMemo(() => new PictureList(draft.pictures, (urls) => setDraft((old) => withPictures(old, urls))), []);
  useEffect(() => { if (!listed) keepDraft(profile, draft); }, [draft, listed]);
  useStepFocus(form, step);
  useFaultFocus(form, turn);

  /** Shows what is wrong, on the step of the first field. Returns whether there is nothing. */
  const show = (/** @type {FieldFault[]} */ found) => {
    setFaults(found);
    setTurn((count) => count + 1);
    const [first] = [...found].sort((one, other) => stepOf(one.field) - stepOf(other.field));
    if (first && stepOf(first.field) !== step) go(stepAddress(stepOf(first.field)));
    return !first;
  };
  useEffect(() => { if (sending.error?.details.length) show(sending.error.details.map((fault) => nameWeekday(fault, calendarFields(draft.calendar).pricing.overrides))); }, [sending.error]);

  const send = () => sending.send(async () => {
    const contact = draft.contact_number.trim() || null;
    if (contact !== profile.contact_number) {
      const next = await change("/auth/me", { contact_number: contact });
      saveSession(next);
      profile.contact_number = next.profile.contact_number;
    }
    const { venue_id } = await create("/venues/register", { ...fieldsOf(draft), ...calendarFields(draft.calendar) }, { key: draft.key });
    dropDraft(profile);
    setListed(venue_id);
  });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const checked = step === LAST ? STEPS.map((_, index) => index) : [step];
    if (!show(checked.flatMap((index) => findMissing(index, fieldsOf(draft))))) return;
    if (step < LAST) go(stepAddress(step + 1));
    else if (isRange(draft.calendar) && !pictures.isBusy) send();
  };
  if (listed) return h(Listed, { id: listed, onAgain });
  return html`
    ${StepList(step, stepAddress)}
    <form ref=${form} class="form" novalidate method="post" onSubmit=${submit}>
      <h2 tabindex="-1">${w.steps[STEPS[step]?.name ?? "basics"]}</h2>
      ${step === 2 && kept.lost > 0 && html`<p class="note-line">${w.pictures.lost(kept.lost)}</p>`}
      ${h(StepContent, { step, draft, pictures, change: edit, faultOf: (name) => faultOf(faults, name) })}
      <p class="row">
        ${step > 0 && html`<a class="quiet" href=${stepAddress(step - 1)}>${w.back}</a>`}
        <button type="submit" class="primary" aria-disabled=${sending.isBusy || (step === LAST && pictures.isBusy)}>${step < LAST ? w.next : sending.isBusy ? w.sending : w.submit}</button>
      </p>
      <p class="muted small" role="status">${step === LAST && pictures.isBusy ? w.picturesGoing : w.kept}</p>
    </form>
    ${sending.error?.code === "idempotency_conflict" && html`<p class="row"><button type="button" class="outline" onClick=${() => edit({ key: randomText() })}>${w.another}</button></p>`}
    ${SendingNote({ sending, texts: { limit_reached: w.limit, idempotency_conflict: w.conflict } })}
    ${!session.value && !sending.error && html`<div class="note">${h(LazyLogin, { submitLabel: words.value.login.submit })}</div>`}`;
}

const stepAddress = (/** @type {number} */ step) => withQuery({ step: step ? String(step + 1) : null });

/** @returns {NewDraft} */
function withPictures(/** @type {NewDraft} */ draft, /** @type {string[]} */ urls) {
  const storedAt = Object.fromEntries(urls.map((url) => [url, draft.storedAt[url] ?? Date.now()]));
  return { ...draft, pictures: urls, storedAt };
}

/** Gives the title of a step the focus after the step before it. */
function useStepFocus(/** @type {{ current: HTMLElement | null }} */ form, /** @type {number} */ step) {
  const before = useRef(step);
  useEffect(() => {
    if (before.current !== step) form.current?.querySelector("h2")?.focus();
    before.current = step;
  }, [step]);
}
