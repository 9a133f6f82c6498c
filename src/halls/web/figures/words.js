// The words of the figures of an owner in the current language.
import { chooseWords } from "../words.js";

export const figureWords = chooseWords({ en: () => import("./words/en.js"), ur: () => import("./words/ur.js") });
