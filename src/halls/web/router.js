// The address is the state of the pages: which page is shown, and what it shows.
import { computed, signal, useEffect } from "./vendor/ui.js";
import { fileAddress } from "./settings.js";
import { ROUTES } from "./routes.js";
import { loadWords } from "./words.js";
/** @import { VNode } from "./vendor/ui.js" */
/** @import { Route } from "./routes.js" */
/** @typedef {(props: { parts: Record<string, string> }) => VNode} PageComponent `parts` are those of the path, such as `id`. */
/** @typedef {{ Component: PageComponent, path: string, parts: Record<string, string> }} ShownPage */

const RELOADED = "halls.reloaded";
// These pages lead on to the page before them.
const PASSING_ON = ["/login", "/signup", "/forgot-password", "/reset-password"];
const address = signal(new URL(location.href));
/** The path of the address. */
export const path = computed(() => address.value.pathname);
/** The query of the address. */
export const query = computed(() => address.value.searchParams);
/** The page of the address, after its modules are loaded. Until then the page before it stays. */
export const shownPage = signal(/** @type {ShownPage | null} */ (null));

/** What had the focus when a link was followed, until the next page is ready. */
let arrivedFrom = /** @type {Element | null} */ (null);
/** What the page asks before it is left, because of changes that are not saved. Empty: nothing. */
const question = signal("");
/** Whether the page has changes that would be lost with it. */
export const isUnsaved = computed(() => question.value !== "");

addEventListener("popstate", () => {
  const next = new URL(location.href);
  if (mayLeave(next.pathname)) address.value = next;
  else history.pushState(null, "", address.value.href);
});

/** From now on, a link, the back button and a log-out need a yes to this question. Empty: without a question. */
export function askBeforeLeaving(/** @type {string} */ text) {
  question.value = text;
}

/** Returns whether the person agrees to lose what is not saved. Without a path, the session is about to end. */
export function mayLeave(to = "") {
  if (!isUnsaved.value || to === path.value) return true;
  if (!confirm(question.value)) return false;
  question.value = "";
  return true;
}

/** Returns the route of a path with its parts, or null for a path that is not a page. */
export function findRoute(/** @type {string} */ pathname) {
  for (const route of ROUTES) {
    const found = new RegExp(`^${route.path.replace(/:(\w+)/g, "(?<$1>[^/]+)")}$`).exec(pathname);
    if (found) return { route, parts: found.groups ?? {} };
  }
  return null;
}

/** Loads the page of the current address, and shows it. */
export async function showPage() {
  const shown = path.value;
  const found = findRoute(shown);
  if (!found) return;
  try {
    const page = await found.route.load();
    await Promise.all([...page.styles.map(loadStyle), loadWords()]);
    if (shown === path.value) shownPage.value = { Component: page.default, path: shown, parts: found.parts };
  } catch (error) {
    // After an update of the server, the files of this version are gone. One reload gets the new ones.
    if (sessionStorage.getItem(RELOADED) === location.href) throw error;
    sessionStorage.setItem(RELOADED, location.href);
    location.reload();
  }
}

/** Resolves after the style sheet of a folder is loaded. The document has those of its first page. */
function loadStyle(/** @type {string} */ folder) {
  const href = fileAddress(`styles/${folder}.css`);
  if (document.querySelector(`link[rel="stylesheet"][href="${href}"]`)) return undefined;
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
  document.head.append(link);
  return new Promise((done, fail) => Object.assign(link, { onload: done, onerror: fail }));
}

/** Goes to one of our addresses. `replace` makes no step for the back button. */
export function go(/** @type {string} */ to, { replace = false, keepScroll = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  address.value = new URL(location.href);
  if (keepScroll) return;
  scrollTo(0, 0);
  arrivedFrom = document.activeElement;
}

/**
 * Gives the h1 the focus after a link was followed, once the page is ready: a screen reader then says its title.
 * Not if the person has gone on to something else meanwhile, such as the menu.
 */
export function useTitleFocus(/** @type {boolean} */ isReady) {
  useEffect(() => {
    if (!isReady) return;
    const now = document.activeElement;
    if (arrivedFrom && (now === arrivedFrom || now === document.body)) document.querySelector("h1")?.focus({ preventScroll: true });
    arrivedFrom = null;
  }, [isReady]);
}

/** Returns the current address with changes of its query. Null removes a name. */
export function withQuery(/** @type {Record<string, string | null>} */ changes) {
  const next = new URL(address.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.searchParams.set(name, value);
    else next.searchParams.delete(name);
  }
  return next.pathname + next.search;
}

/** Returns `next` of the address if it is one of our pages, else "/". Otherwise a link could lead to another host. */
export function nextPath(next = query.value.get("next") ?? "/") {
  if (!next.startsWith("/") || !URL.canParse(next, location.origin)) return "/";
  const target = new URL(next, location.origin);
  return target.origin === location.origin && findRoute(target.pathname) ? target.pathname + target.search + target.hash : "/";
}

/** Returns where a log-in on the current page leads. */
export function nextOfLogin() {
  const { pathname, search, hash } = address.value;
  return PASSING_ON.includes(pathname) ? nextPath() : pathname + search + hash;
}

/** Returns the address of a page about accounts, which leads on to the current page. */
export function withNext(/** @type {string} */ to) {
  const next = nextOfLogin();
  return next === "/" ? to : `${to}?next=${encodeURIComponent(next)}`;
}

/** Makes links to our pages work without a load of the document. */
export function followLinks() {
  document.addEventListener("click", (event) => {
    const link = /** @type {HTMLElement} */ (event.target).closest?.("a");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const to = new URL(link.href);
    const isOurs = to.origin === location.origin && findRoute(to.pathname) && !link.target && !link.hasAttribute("download");
    if (!isOurs || (to.hash && to.pathname === path.value)) return;
    event.preventDefault();
    if (mayLeave(to.pathname)) go(to.pathname + to.search + to.hash);
  });
}
