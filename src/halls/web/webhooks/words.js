// The words of the page about webhooks in the current language.
import { chooseWords } from "../words.js";

export const hookWords = chooseWords({ en: () => import("./words/en.js"), ur: () => import("./words/ur.js") });
