// What an owner types about a venue becomes fields of the API, in each time zone: TZ=… node venue-drafts.mjs
import assert from "node:assert/strict";
import "./globals.mjs";

const { changesOf, draftOf, EMPTY, fieldsOf, mergeDrafts, readNumber } = await import("../../../../src/halls/web/listing/draft.js");
const { calendarFields, isRange, nameWeekday, newCalendar } = await import("../../../../src/halls/web/listing/first-calendar.js");
const { loadDraft } = await import("../../../../src/halls/web/listing/kept-draft.js");
const { findMissing, STEPS, stepOf } = await import("../../../../src/halls/web/listing/steps.js");

// Numbers as people write them. What is no number stays, so that the API names it.
assert.deepEqual(["1,200", " 350 ", "۱۸۰۰۰۰", "٣٥٠", "", "many", "1.5"].map(readNumber), [1200, 350, 180000, 350, null, "many", 1.5]);

// A stored venue that was not changed has no changes, even if its fields are those of an external writer.
const venue = {
  id: "1", owner_id: null, venue_name: " Moti ", type: null, address: "", maps_location: { type: "Point", coordinates: [67.03, 24.81] }, capacity: null, space_sqft: 9000.5,
  amenities: { water: true }, pictures: ["http://a.example/1.jpg"], booking_rules: { hold_hours: null, terms: null }, additional_description: "", is_listed: true,
};
const draft = draftOf(venue);
assert.deepEqual(changesOf(draft, draftOf(venue)), {});
assert.deepEqual(changesOf(draft, { ...draft, space_sqft: "", terms: "Half" }), { space_sqft: null, booking_rules: { hold_hours: null, terms: "Half" } });
assert.deepEqual(fieldsOf(draft).maps_location, { lat: 24.81, lng: 67.03 });
assert.equal(fieldsOf(EMPTY).maps_location, null);

// After a change on another device: what was typed stays, what differs is named, the rest is new.
const mine = { ...draft, capacity: "400", address: "here", terms: "same" };
const theirs = { ...draft, capacity: "500", terms: "same", type: "Hall" };
const merged = mergeDrafts(draft, mine, theirs);
assert.deepEqual([merged.draft.capacity, merged.draft.address, merged.draft.type, merged.differing], ["400", "here", "Hall", ["capacity"]]);

// Weekends with prices; a day without a price has no override.
const calendar = { from: "2026-12-24", to: "2027-01-03", prices: [null, null, null, null, "150,000", "200000", ""] };
const fields = calendarFields(calendar);
assert.deepEqual(fields.dates_available, ["2026-12-25", "2026-12-26", "2026-12-27", "2027-01-01", "2027-01-02", "2027-01-03"]);
assert.deepEqual(fields.pricing.overrides.map(({ price }) => price), [150000, 200000, 150000, 200000]);
assert.deepEqual(calendarFields({ ...calendar, to: "2026-12-01" }).dates_available, []);
assert.ok(!isRange({ ...calendar, to: "2999-01-01" }) && !isRange({ ...calendar, from: "" }) && isRange(newCalendar()));
assert.equal(nameWeekday({ field: "pricing.overrides.1.price" }, fields.pricing.overrides).field, "calendar.5");
assert.equal(nameWeekday({ field: "pricing" }, fields.pricing.overrides).field, "pricing");

// Each required field is missing on the step on which it stands.
const missing = STEPS.flatMap((_, step) => findMissing(step, fieldsOf(EMPTY)).map(({ field }) => [step, field]));
assert.deepEqual(missing, [[0, "venue_name"], [0, "type"], [0, "capacity"], [1, "maps_location"], [1, "address"]]);
assert.deepEqual(["booking_rules.terms", "maps_location.lat", "pictures.3", "calendar.4", "anything"].map(stepOf), [3, 1, 2, 4, 0]);

// Photographs that the server has deleted since are left out, and counted.
const hour = 3_600_000;
const kept = { pictures: ["old", "new"], storedAt: { old: 0, new: 20 * hour } };
globalThis.localStorage = { getItem: () => JSON.stringify(kept), setItem() {}, removeItem() {} };
const loaded = loadDraft({ id: "1", contact_number: null }, 24 * hour);
assert.deepEqual([loaded.draft.pictures, loaded.lost], [["new"], 1]);
