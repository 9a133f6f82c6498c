// The sign-up page: for a guest or for the owner of a hall. Afterwards it leads to `next` of the address.
import { h, html, useState } from "../vendor/ui.js";
import { nextPath, withNext } from "../router.js";
import { words } from "../words.js";
import { create } from "../api.js";
import { isSharedDevice, saveSession } from "../session.js";
import { TextField } from "../parts/field.js";
import { FormError, SubmitButton, useForm } from "../parts/form.js";
import { GoogleLink } from "../parts/google-link.js";
import { PasswordField } from "../parts/password-field.js";
import { SharedDevice } from "../parts/shared-device.js";
import { Title } from "./title.js";

export const styles = ["parts"];
const ROLES = /** @type {const} */ (["guest", "owner"]);
const EMPTY = { full_name: "", email: "", contact_number: "", password: "" };

export default function SignupPage() {
  const w = words.value.signup;
  const [mailedTo, setMailedTo] = useState("");
  return html`
    <main id="main" class="narrow-page">
      ${h(Title, { text: mailedTo ? w.welcome : w.title, key: mailedTo })}
      ${mailedTo ? Welcome(mailedTo) : h(SignupForm, { onDone: setMailedTo })}
    </main>`;
}

function Welcome(/** @type {string} */ email) {
  const w = words.value.signup;
  return html`
    <div class="good" role="status"><p>${w.mailed(email)}</p></div>
    <p class="muted">${w.whyConfirm}</p>
    <a class="primary" href=${nextPath()}>${words.value.login.goOn}</a>`;
}

function SignupForm(/** @type {{ onDone: (email: string) => void }} */ { onDone }) {
  const w = words.value.signup;
  const [values, setValues] = useState(EMPTY);
  const [isOwner, setOwner] = useState(false);
  const [isShared, setShared] = useState(isSharedDevice());
  const form = useForm(async () => {
    // Optional fields that are empty are left out: an empty name would be invalid.
    const { email, password, ...optional } = values;
    const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value.trim()));
    saveSession(await create("/auth/signup", { ...given, email, password, is_venue_owner: isOwner }), isShared);
    onDone(email);
  });
  const isTaken = form.error?.code === "email_taken";
  const bind = (/** @type {keyof typeof EMPTY} */ name) => ({
    name, value: values[name], onInput: (/** @type {string} */ text) => setValues((old) => ({ ...old, [name]: text })), fault: form.faults[name],
  });
  return html`
    <form ref=${form.ref} class="form" method="post" novalidate onSubmit=${form.submit}>
      ${Roles({ isOwner, onChange: setOwner })}
      ${TextField({ ...bind("full_name"), label: w.name, autocomplete: "name", isOptional: true, hint: w.nameHelp })}
      ${TextField({ ...bind("email"), type: "email", label: words.value.login.email, autocomplete: "username", required: true, ...(isTaken && { fault: Taken() }) })}
      ${TextField({ ...bind("contact_number"), type: "tel", label: w.phone, autocomplete: "tel", isOptional: true, hint: isOwner ? w.phoneHelpOwner : w.phoneHelp })}
      ${h(PasswordField, { ...bind("password"), label: words.value.login.password, autocomplete: "new-password", hint: w.passwordHelp })}
      ${SharedDevice({ isShared, onChange: setShared })}
      ${!isTaken && FormError(form)}
      ${SubmitButton(form, w.submit)}
      ${h(GoogleLink, { isShared, isOwner })}
      <p class="row links"><span>${w.hasAccount}</span><a href=${withNext("/login")}>${words.value.login.submit}</a></p>
    </form>`;
}

/** What stands beside an address that has an account. */
function Taken() {
  const w = words.value.signup;
  return html`<span>${w.taken} <a href=${withNext("/login")}>${words.value.login.submit}</a> · <a href=${withNext("/forgot-password")}>${w.newPassword}</a></span>`;
}

function Roles(/** @type {{ isOwner: boolean, onChange: (isOwner: boolean) => void }} */ { isOwner, onChange }) {
  const w = words.value.signup;
  return html`
    <fieldset class="checks">
      <legend>${w.role}</legend>
      ${ROLES.map((role) => html`
        <label class="check" key=${role}>
          <input type="radio" name="role" value=${role} checked=${isOwner === (role === "owner")} onChange=${() => onChange(role === "owner")} />
          <span>${w.roles[role]}</span>
        </label>`)}
    </fieldset>`;
}
