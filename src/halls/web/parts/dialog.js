// A dialog over the page. Escape closes it, and the focus returns to the button that opened it.
import { html, useEffect, useRef } from "../vendor/ui.js";
import { words } from "../words.js";
import { Icon } from "../icon.js";
/** @import { ComponentChildren } from "../vendor/ui.js" */

export function Dialog(/** @type {{ title: string, isOpen: boolean, onClose: () => void, children?: ComponentChildren }} */ { title, isOpen, onClose, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const isShown = useRef(false);
  useEffect(() => {
    isShown.current = isOpen;
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  // Escape counts at once. The event `close` comes late: the dialog may be open again by then.
  const onCancel = () => { isShown.current = false; onClose(); };
  const onClosed = () => { if (isShown.current && !dialog.current?.open) onClose(); };
  return html`
    <dialog ref=${dialog} class="dialog" aria-labelledby=${isOpen ? "dialog-title" : undefined} onCancel=${onCancel} onClose=${onClosed}>
      ${isOpen && html`
        <header>
          <h2 id="dialog-title">${title}</h2>
          <button type="button" class="round" aria-label=${words.value.common.close} onClick=${onClose}>${Icon("x")}</button>
        </header>
        ${children}`}
    </dialog>`;
}
