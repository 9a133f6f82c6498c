// The five steps of listing a venue: which fields stand on which, and what is missing on each.
import { faultText } from "../parts/error-text.js";
/** @import { FieldFault } from "../types.js" */
/** @import { Fields } from "./draft.js" */
/** @typedef {"basics" | "place" | "pictures" | "details" | "calendar"} StepName */

/** @type {{ name: StepName, fields: string[], required: (keyof Fields)[] }[]} */
export const STEPS = [
  { name: "basics", fields: ["venue_name", "type", "capacity", "space_sqft"], required: ["venue_name", "type", "capacity"] },
  { name: "place", fields: ["maps_location", "address"], required: ["maps_location", "address"] },
  { name: "pictures", fields: ["pictures"], required: [] },
  { name: "details", fields: ["amenities", "additional_description", "booking_rules", "contact_number"], required: [] },
  { name: "calendar", fields: ["calendar", "dates_available", "pricing"], required: [] },
];

/** Returns the index of the step on which a field stands, such as 3 for `booking_rules.terms`. */
export const stepOf = (/** @type {string} */ field) => Math.max(0, STEPS.findIndex(({ fields }) => fields.includes(field.split(".")[0] ?? "")));

/** Returns a fault for each required field of a step that is empty. @returns {FieldFault[]} */
export function findMissing(/** @type {number} */ step, /** @type {Fields} */ fields) {
  const missing = STEPS[step]?.required.filter((name) => fields[name] === null) ?? [];
  return missing.map((field) => ({ field, rule: "required", message: "", params: {} }));
}

/** Returns the sentence about a field, or about a part of it. */
export function faultOf(/** @type {FieldFault[]} */ faults, /** @type {string} */ name) {
  const fault = faults.find(({ field }) => field === name || field.startsWith(`${name}.`));
  return fault && faultText(fault);
}

/** Returns the faults without those of some fields: they were changed. */
export const withoutFaults = (/** @type {FieldFault[]} */ faults, /** @type {string[]} */ names) =>
  faults.filter(({ field }) => !names.some((name) => field === name || field.startsWith(`${name}.`)));
