// Saves a file that was fetched with the token, which a plain link can't send.

const KEPT_MS = 60_000;

/** Lets the browser save the content under a name. */
export function saveFile(/** @type {Blob} */ content, /** @type {string} */ name) {
  const href = URL.createObjectURL(content);
  Object.assign(document.createElement("a"), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), KEPT_MS);
}
