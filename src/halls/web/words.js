// The language of the pages, and their words in it. The server writes the language into the document, see language.py.
import { batch, computed, effect, signal } from "./vendor/ui.js";
/** @import { Signal } from "./vendor/ui.js" */
/** @typedef {"en" | "ur"} Language */
/** @typedef {{ files: Record<Language, () => Promise<{ default: any }>>, words: Signal<any> }} Book */

const COOKIE = "halls_language";
const YEAR_SECONDS = 31_536_000;
const books = /** @type {Book[]} */ ([]);

export const language = signal(/** @type {Language} */ (document.documentElement.lang));
export const direction = computed(() => (language.value === "ur" ? "rtl" : "ltr"));
/** The words that every page needs, in the current language. */
export const words = chooseWords({ en: () => import("./words/en.js"), ur: () => import("./words/ur.js") });
let wanted = language.value;

effect(() => {
  document.documentElement.lang = language.value;
  document.documentElement.dir = direction.value;
});
if (new URL(location.href).searchParams.has("lang")) remember(language.value);

/**
 * Returns the words of the current language. They are there after the next `loadWords`. Pages with many words of their own have a
 * file words.js beside a folder words/, as here: only these pages load them, and the server preloads them.
 * @template Words
 * @param {Record<Language, () => Promise<{ default: Words }>>} files
 * @returns {Signal<Words>}
 */
export function chooseWords(files) {
  const book = { files, words: signal(/** @type {Words} */ ({})) };
  books.push(book);
  return book.words;
}

/** Loads the words of a language for all modules that have been loaded, and shows the pages in it. @returns {Promise<void>} */
export async function loadWords(next = wanted) {
  wanted = next;
  const loaded = await Promise.all(books.map(async ({ files, words }) => ({ words, found: await files[next]() })));
  if (next !== wanted) return loadWords(); // The last of two quick changes counts.
  batch(() => {
    language.value = next;
    for (const { words, found } of loaded) words.value = found.default;
  });
}

/** Changes the language, and removes it from the address: otherwise a reload would change it back. */
export async function setLanguage(/** @type {Language} */ next) {
  remember(next);
  const address = new URL(location.href);
  address.searchParams.delete("lang");
  history.replaceState(history.state, "", address);
  try {
    await loadWords(next);
  } catch {
    wanted = language.value;
    // After an update of the server, the files of this version are gone. Without a connection, a reload would lose the page.
    if (navigator.onLine) location.reload();
  }
}

/** The server reads the cookie, and preloads the words of its language. */
function remember(/** @type {Language} */ next) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${COOKIE}=${next}; Path=/; Max-Age=${YEAR_SECONDS}; SameSite=Lax${secure}`;
}
