// The words of the page about calendar feeds in the current language.
import { chooseWords } from "../words.js";

export const feedWords = chooseWords({ en: () => import("./words/en.js"), ur: () => import("./words/ur.js") });
