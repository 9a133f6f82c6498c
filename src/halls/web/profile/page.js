// The account: profile, language, e-mails, password, devices, deletion.
import { h, html, useEffect, useState } from "../vendor/ui.js";
import { read } from "../api.js";
import { useTitleFocus } from "../router.js";
import { language, setLanguage, words } from "../words.js";
import { clearSession, session } from "../session.js";
import { logOut } from "../session-keeper.js";
import { ErrorPanel } from "../parts/error-panel.js";
import { LazyLogin } from "../parts/lazy-login.js";
import { useAccess, useReading } from "../parts/reading.js";
import { Blocked } from "./blocked.js";
import { Deletion } from "./deletion.js";
import { DetailsForm } from "./details-form.js";
import { EmailsForm } from "./emails-form.js";
import { Owner } from "./owner.js";
import { PasswordForm } from "./password-form.js";
/** @import { VNode } from "../vendor/ui.js" */
/** @import { OwnPreferences, Profile } from "../types.js" */
/** @typedef {{ profile: Profile, preferences: OwnPreferences }} Loaded */

export const styles = ["parts", "profile"];
const LANGUAGES = /** @type {const} */ ({ en: "English", ur: "اردو" });

/** @returns {Promise<Loaded>} */
async function readAccount(/** @type {AbortSignal} */ signal) {
  const [{ profile }, preferences] = await Promise.all([read("/auth/me", { signal }), read("/auth/me/preferences", { signal })]);
  return { profile, preferences };
}

export default function AccountPage() {
  const w = words.value.profile;
  const [isDeleted, setDeleted] = useState(false);
  const { data, error, reload, replace } = useReading(readAccount, []);
  const isAllowed = useAccess(!isDeleted);
  const isReady = data !== null || error !== null || isDeleted;
  useEffect(() => { document.title = `${w.title} · ${words.value.brand}`; });
  useTitleFocus(isReady);
  useEffect(() => { if (data && location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView(); }, [data !== null]);
  const finish = () => {
    clearSession();
    setDeleted(true);
  };
  return html`
    <main id="main" class="narrow-page profile" aria-busy=${isAllowed && !isReady && session.value !== null}>
      <h1 tabindex="-1">${w.title}</h1>
      ${isDeleted && html`<div class="good" role="status"><p>${w.deleted}</p><p class="row"><a class="outline" href="/">${w.start}</a></p></div>`}
      ${!isDeleted && isAllowed && (data ? Sections({ data, replace, finish }) : Waiting())}
    </main>`;

  /** What stands in place of the sections. */
  function Waiting() {
    if (!session.value) return html`<div class="note">${h(LazyLogin, { submitLabel: words.value.login.submit })}</div>`;
    if (error) return h(ErrorPanel, { error, onRetry: reload });
    return html`<div class="sections-ghost ghost" aria-hidden="true"><i></i><i></i><i></i></div>`;
  }
}

/** The forms belong to one account: for another account they begin again. */
function Sections(/** @type {{ data: Loaded, replace: (data: Loaded) => void, finish: () => void }} */ { data: { profile, preferences }, replace, finish }) {
  const w = words.value.profile;
  const key = profile.id;
  const onProfile = (/** @type {Profile} */ next) => replace({ profile: next, preferences });
  const onPreferences = (/** @type {OwnPreferences} */ next) => replace({ profile, preferences: next });
  return html`
    ${Section("details", w.details, h(DetailsForm, { key, profile, onChanged: onProfile }))}
    ${Section("owner", w.owner, h(Owner, { key, profile, onChanged: onProfile }))}
    ${Section("language", w.language, Language())}
    ${Section("emails", w.emails, h(EmailsForm, { key, preferences, isOwner: profile.is_venue_owner, onChanged: onPreferences }))}
    ${Section("calendars", w.calendars, Calendars(profile))}
    ${profile.is_venue_owner && Section("blocked", w.blocked, h(Blocked, { key }))}
    ${Section("password", w.password, h(PasswordForm, { key, profile }))}
    ${Section("devices", w.sessions, Devices())}
    ${Section("deletion", w.deletion, h(Deletion, { key, profile, onDeleted: finish }))}`;
}

const Section = (/** @type {string} */ id, /** @type {string} */ title, /** @type {VNode} */ content) => html`
  <section aria-labelledby=${id}><h2 id=${id}>${title}</h2>${content}</section>`;

function Language() {
  const w = words.value.profile;
  return html`
    <fieldset class="checks" aria-describedby="language-text">
      <legend class="sr">${w.language}</legend>
      ${/** @type {const} */ (["en", "ur"]).map((name) => html`
        <label class="check" lang=${name} key=${name}><input type="radio" name="language" checked=${language.value === name} onChange=${() => setLanguage(name)} />${LANGUAGES[name]}</label>`)}
    </fieldset>
    <p id="language-text" class="muted small">${w.languageText}</p>`;
}

/** The links to what tells other programs about bookings. */
function Calendars(/** @type {Profile} */ { is_venue_owner }) {
  const w = words.value.profile;
  return html`
    <p class="muted">${w.calendarsText}</p>
    <p class="row"><a class="outline" href="/account/feeds">${w.feeds}</a>${is_venue_owner && html`<a class="outline" href="/account/webhooks">${w.webhooks}</a>`}</p>`;
}

function Devices() {
  const w = words.value.profile;
  return html`
    <p class="muted">${w.sessionsText}</p>
    <p class="row"><button type="button" class="outline" onClick=${() => logOut({ everywhere: true })}>${w.logOutEverywhere}</button></p>`;
}
