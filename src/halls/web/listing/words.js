// The words of the pages that list and edit a venue, in the current language.
import { chooseWords } from "../words.js";

export const listingWords = chooseWords({ en: () => import("./words/en.js"), ur: () => import("./words/ur.js") });
