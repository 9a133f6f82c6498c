// What the pages say about an error of the API, in the reader's language.
import { language, words } from "../words.js";
/** @import { FieldFault } from "../types.js" */
/** @import { ApiError } from "../api.js" */

// In English, the sentence of the API says more than the one for the rule.
const SPECIFIC = ["bad_format", "wrong_value", "bad_characters", "wrong_order", "too_common", "not_one_of"];

/** Returns a sentence about an error, by its code and else by its status. */
export function errorText(/** @type {ApiError} */ error) {
  const w = words.value.errors;
  const byCode = /** @type {Record<string, string>} */ ({
    database_unavailable: w.database, no_connection: w.offline, not_found: w.notFound, owner_only: w.ownerOnly, not_yours: w.notYours,
    suspended: w.suspended, token_expired: w.ended, token_revoked: w.ended, validation_error: w.invalid,
  });
  if (byCode[error.code]) return byCode[error.code];
  return error.status >= 400 && error.status < 500 && language.value === "en" ? error.message : w.internal;
}

/** Returns a sentence for a suspended account, with the address of the operator that the API names. */
export function suspendedText(/** @type {ApiError | null} */ error) {
  const w = words.value.errors;
  const operator = /\S+@\S*[^\s.]/.exec(error?.message ?? "");
  return operator ? w.suspendedBy(operator[0]) : w.suspended;
}

/** Returns a sentence about one invalid field. */
export function faultText(/** @type {FieldFault} */ { rule, params, message }) {
  if (language.value === "en" && SPECIFIC.includes(rule)) return asSentence(message);
  const sentence = words.value.faults[rule];
  return typeof sentence === "function" ? sentence(params) : sentence;
}

/** Returns the sentences of the invalid fields by the name of the field. The first of a field counts. */
export function faultsByField(/** @type {ApiError | null} */ error) {
  const details = error?.details ?? [];
  return /** @type {Record<string, string>} */ (Object.fromEntries([...details].reverse().map((fault) => [fault.field, faultText(fault)])));
}

function asSentence(/** @type {string} */ text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.?]$/.test(text) ? "" : ".");
}
