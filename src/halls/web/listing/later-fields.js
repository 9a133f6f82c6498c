// The fields that are loaded after the page: they begin below the first ones, or on a later step.
export { CalendarFields } from "./calendar-fields.js";
export { PictureFields } from "./picture-fields.js";
export { PlaceFields } from "./place-fields.js";
