// Asks before unsaved changes are lost: when the tab is closed or loaded again, by a link, the back button, or a log-out.
import { useEffect } from "../vendor/ui.js";
import { askBeforeLeaving } from "../router.js";
import { words } from "../words.js";

/** `isKept`: the browser keeps the changes, so the page can be left without a question. */
export function useUnsavedWarning(/** @type {boolean} */ isNeeded, { isKept = false } = {}) {
  const question = isKept ? "" : words.value.common.leave;
  useEffect(() => {
    if (!isNeeded) return undefined;
    const ask = (/** @type {Event} */ event) => event.preventDefault();
    addEventListener("beforeunload", ask);
    askBeforeLeaving(question);
    return () => {
      removeEventListener("beforeunload", ask);
      askBeforeLeaving("");
    };
  }, [isNeeded, question]);
}
