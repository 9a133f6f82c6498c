// The words of the calendar of an owner in the current language.
import { chooseWords } from "../words.js";

export const paintingWords = chooseWords({ en: () => import("./words/en.js"), ur: () => import("./words/ur.js") });
