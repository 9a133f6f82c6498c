// What the server says in the document's meta elements, and the address of our own files.

/** Returns a setting of the server, or an empty text. */
export function setting(/** @type {string} */ name) {
  return document.querySelector(`meta[name="halls:${name}"]`)?.getAttribute("content") ?? "";
}

/** Returns the address of a file in this folder, such as "art/icons.svg". It contains the hash of this version. */
export function fileAddress(/** @type {string} */ name) {
  return new URL(name, import.meta.url).pathname;
}
