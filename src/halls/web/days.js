// Days as Karachi counts them. A day is a text, YYYY-MM-DD, and never a moment in the time zone of the browser.
import { language, words } from "./words.js";

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d\d-\d\d$/;

/** @returns {string} */
export function today() {
  return new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Karachi" }).format(new Date());
}

/** Midnight UTC of a day: arithmetic with days is then free of daylight saving time. */
const at = (/** @type {string} */ day) => new Date(`${day}T00:00:00Z`);

export function isDay(/** @type {string | null} */ text) {
  return text !== null && DAY.test(text) && !Number.isNaN(at(text).getTime());
}

export function addDays(/** @type {string} */ day, /** @type {number} */ count) {
  return new Date(at(day).getTime() + count * DAY_MS).toISOString().slice(0, 10);
}

/** Returns 0 for Monday: weeks begin on Monday, so that the days of weddings stand side by side. */
export const weekday = (/** @type {string} */ day) => (at(day).getUTCDay() + 6) % 7;
/** Friday, Saturday or Sunday. */
export const isWeekend = (/** @type {string} */ day) => weekday(day) >= 4;
export const monthOf = (/** @type {string} */ day) => day.slice(0, 7);

export function addMonths(/** @type {string} */ month, /** @type {number} */ count) {
  const [year = 0, number = 1] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 + count, 1)).toISOString().slice(0, 7);
}

/** Returns the days of a month. */
export function daysOf(/** @type {string} */ month) {
  const days = [];
  for (let day = `${month}-01`; monthOf(day) === month; day = addDays(day, 1)) days.push(day);
  return days;
}

/** @returns {string} */
function write(/** @type {string} */ day, /** @type {Intl.DateTimeFormatOptions} */ options, calendar = "") {
  const locale = (language.value === "ur" ? "ur-PK" : "en-GB") + (calendar && `-u-ca-${calendar}`);
  return new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC" }).format(at(day));
}

/** "Saturday, 26 December 2026" */
export const longDay = (/** @type {string} */ day) => write(day, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
/** "Sat 26 Dec" */
export const shortDay = (/** @type {string} */ day) => write(day, { weekday: "short", day: "numeric", month: "short" });
/** "26 Dec 2026" */
export const dayOfYear = (/** @type {string} */ day) => write(day, { day: "numeric", month: "short", year: "numeric" });
/** "26 Dec" */
export const dayAndMonth = (/** @type {string} */ day) => write(day, { day: "numeric", month: "short" });
export const dayNumber = (/** @type {string} */ day) => String(Number(day.slice(8)));
export const weekdayName = (/** @type {string} */ day) => write(day, { weekday: "short" });
export const monthName = (/** @type {string} */ month) => write(`${month}-01`, { month: "long", year: "numeric" });

/** Returns a moment of the API in Karachi's time: "12 December, 18:00". */
export function longMoment(/** @type {string} */ moment) {
  const options = /** @type {const} */ ({ day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "Asia/Karachi" });
  return new Intl.DateTimeFormat(language.value === "ur" ? "ur-PK" : "en-GB", options).format(new Date(moment)).replace(" at ", ", ");
}

/** Returns the time of day of a moment in Karachi: "14:30". */
export function timeOfDay(/** @type {Date} */ moment) {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Karachi" }).format(moment);
}

/** Returns the Islamic months of a month, in Pakistan's spelling: "Jamadi-us-Sani – Rajab 1448". The moon can move them by a day. */
export function islamicMonths(/** @type {string} */ month) {
  const part = (/** @type {string} */ day, /** @type {"month" | "year"} */ name) =>
    parseInt(write(day, { [name]: "numeric" }, "islamic-civil-nu-latn").replace(/\D*(\d+).*/, "$1"), 10);
  const days = daysOf(month);
  const [first, last] = [days[0] ?? "", days.at(-1) ?? ""];
  const names = words.value.islamicMonths;
  const [from, to] = [part(first, "month"), part(last, "month")];
  return `${names[from - 1]}${from === to ? "" : ` – ${names[to - 1]}`} ${part(last, "year")}`;
}
