// The sentence about what an owner has just done.
import { html, useEffect, useRef, useState } from "../vendor/ui.js";

/**
 * Keeps the sentence about what was just done, and reads again. After that, `shown` differs, and the focus goes to the
 * sentence: the button that had it can be gone.
 */
export function useNotice(/** @type {() => void} */ reload, /** @type {unknown} */ shown) {
  const [notice, setNotice] = useState("");
  const isNew = useRef(false);
  useEffect(() => {
    if (isNew.current) document.getElementById("notice")?.focus();
    isNew.current = false;
  }, [shown]);
  const tell = (/** @type {string} */ text) => {
    isNew.current = true;
    setNotice(text);
    reload();
  };
  return { notice, tell };
}

export const Notice = (/** @type {string} */ text) => html`<div id="notice" class="notice" role="status" tabindex="-1">${text && html`<p class="good">${text}</p>`}</div>`;
