// Loads what stands on the later steps after the first fields are shown.
import { html, useEffect, useState } from "../vendor/ui.js";
import { words } from "../words.js";
/** @typedef {typeof import("./later-fields.js")} Fields */

/** Returns the later fields, or what stands in their place until they are loaded. @returns {Fields | "loading" | "failed"} */
export function useLaterFields() {
  const [fields, setFields] = useState(/** @type {Fields | "loading" | "failed"} */ ("loading"));
  useEffect(() => { import("./later-fields.js").then(setFields).catch(() => setFields("failed")); }, []);
  return fields;
}

/** What stands in place of fields that are not loaded. Nothing typed is lost by a reload of a new venue's page. */
export const NotLoaded = (/** @type {"loading" | "failed"} */ state) => (state === "loading"
  ? html`<p role="status">${words.value.common.loading}…</p>`
  : html`<p class="note">${words.value.errors.offline} <button type="button" class="outline" onClick=${() => location.reload()}>${words.value.common.again}</button></p>`);
