// Sums as people in Pakistan write them: exact ones with commas, short ones in lakh and crore.
import { language } from "./words.js";

const LAKH = 100_000;
const CRORE = 10_000_000;

/** Returns "Rs 185,000" (CLDR en-PK). */
export function rupees(/** @type {number} */ sum) {
  return `Rs ${sum.toLocaleString("en-PK", { maximumFractionDigits: 2 })}`;
}

/** Returns the number alone, in lakh: "1.85". */
export function inLakh(/** @type {number} */ sum) {
  return (sum / LAKH).toLocaleString("en", { maximumFractionDigits: 2, minimumFractionDigits: sum < 10 * LAKH ? 2 : 1 });
}

/** Returns "Rs 1.85 lakh", "Rs 45,000" or "Rs 1.2 crore", in Urdu "1.85 لاکھ روپے". */
export function shortRupees(/** @type {number} */ sum) {
  const isUrdu = language.value === "ur";
  if (sum < LAKH) return isUrdu ? `${sum.toLocaleString("en-PK")} روپے` : rupees(sum);
  const isCrore = sum >= CRORE;
  const number = (sum / (isCrore ? CRORE : LAKH)).toLocaleString("en", { maximumFractionDigits: 2 });
  if (isUrdu) return `${number} ${isCrore ? "کروڑ" : "لاکھ"} روپے`;
  return `Rs ${number} ${isCrore ? "crore" : "lakh"}`;
}

/** Returns the price of a guest, rounded to 10 rupees: "Rs 1,060". */
export function rupeesPerGuest(/** @type {number} */ price, /** @type {number} */ guests) {
  return rupees(Math.round(price / guests / 10) * 10);
}
