// Gives the title of a new section the focus, so that a screen reader reads it.
import { useEffect, useRef } from "../vendor/ui.js";

/** Returns the `ref` of a title. It gets the focus when it is shown, and again when `text` changes. */
export function useTitleFocus(/** @type {string} */ text) {
  const title = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    // Later than a dialog that closes: it gives the focus back to its button.
    const timer = setTimeout(() => title.current?.focus());
    return () => clearTimeout(timer);
  }, [text]);
  return title;
}
