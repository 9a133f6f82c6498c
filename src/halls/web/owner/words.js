// The words of the owners' pages in the current language. Only these pages load them.
import { chooseWords } from "../words.js";

export const ownerWords = chooseWords({ en: () => import("./words/en.js"), ur: () => import("./words/ur.js") });
