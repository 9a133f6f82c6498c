// The photographs of a venue in their order: chosen, made smaller, sent two at a time, stored, or failed.
import { signal } from "../vendor/ui.js";
import { ApiError } from "../api.js";
import { randomText } from "../random-text.js";
/** @import { Target } from "./upload.js" */
/** @typedef {{ shrinkPicture: typeof import("./shrink.js").shrinkPicture, signUpload: typeof import("./upload.js").signUpload, sendFile: typeof import("./upload.js").sendFile }} Tools */
/** @typedef {"waiting" | "shrinking" | "sending" | "stored" | "failed"} PictureState */
/**
 * @typedef {object} Picture
 * @property {string} id
 * @property {PictureState} state
 * @property {string} url the public address, empty until it is stored
 * @property {string} preview the address of what this browser shows in the meantime, or empty
 * @property {number} share how much of the file has been sent, from 0 to 1
 * @property {ApiError | null} error why it failed. Null: this browser can't read the file
 */
/** @typedef {{ source: Blob, copy: Blob | null, target: Target | null, stop: AbortController }} Work what the upload of a picture needs */

/** As many as a venue can have. */
export const MAX_PICTURES = 50;
// The server takes two files of an owner at a time.
const AT_A_TIME = 2;
const LONGEST_WAIT_SECONDS = 60;
const MAX_TRIES = 5;
// An address that expires so soon is not used any more.
const MARGIN_MS = 60_000;

/** Loads what sends photographs, when the first one was chosen. @returns {Promise<Tools>} */
const loadTools = () => import("./upload.js").then((upload) => import("./shrink.js").then((shrink) => ({ ...upload, ...shrink }))).catch(() => { throw new ApiError("no_connection"); });

export class PictureList {
  /** @type {Map<string, Work>} */
  #work = new Map();
  #onStored;
  #running = 0;

  /** `onStored` gets the addresses of the stored photographs after each change. */
  constructor(/** @type {string[]} */ urls, /** @type {(urls: string[]) => void} */ onStored) {
    this.items = signal(urls.map((url) => makePicture({ state: "stored", url })));
    this.#onStored = onStored;
  }

  /** Whether a photograph is not stored yet, and still can be. */
  get isBusy() {
    return this.items.value.some(({ state }) => state !== "stored" && state !== "failed");
  }

  /** Adds files at the end, and sends them. Returns how many were left out because a venue can't have more. */
  add(/** @type {Iterable<File>} */ files) {
    const given = [...files];
    const taken = given.slice(0, Math.max(0, MAX_PICTURES - this.items.value.length));
    const pictures = taken.map((source) => {
      const picture = makePicture({ state: "waiting" });
      this.#work.set(picture.id, { source, copy: null, target: null, stop: new AbortController() });
      return picture;
    });
    this.items.value = [...this.items.value, ...pictures];
    this.#goOn();
    return given.length - taken.length;
  }

  /** Tries again to send a photograph that failed. */
  retry(/** @type {string} */ id) {
    this.#set(id, { state: "waiting", error: null, share: 0 });
    this.#goOn();
  }

  remove(/** @type {string} */ id) {
    this.#work.get(id)?.stop.abort();
    this.#work.delete(id);
    const picture = this.items.value.find((item) => item.id === id);
    if (picture?.preview) URL.revokeObjectURL(picture.preview);
    this.#replace(this.items.value.filter((item) => item.id !== id));
  }

  /** Moves a photograph to a place in the order. The first is the cover. */
  move(/** @type {string} */ id, /** @type {number} */ to) {
    const picture = this.items.value.find((item) => item.id === id);
    const others = this.items.value.filter((item) => item.id !== id);
    if (picture) this.#replace([...others.slice(0, to), picture, ...others.slice(to)]);
  }

  /** The addresses of the stored photographs, in their order. */
  get urls() {
    return this.items.value.filter(({ state }) => state === "stored").map(({ url }) => url);
  }

  /** Shows other stored photographs, those of a venue that was changed elsewhere. What is being sent stays. */
  show(/** @type {string[]} */ urls) {
    const items = this.items.value;
    const stored = urls.map((url) => items.find((item) => item.url === url) ?? makePicture({ state: "stored", url }));
    this.items.value = [...stored, ...items.filter(({ state }) => state !== "stored")];
  }

  #replace(/** @type {Picture[]} */ next) {
    this.items.value = next;
    this.#onStored(this.urls);
  }

  #set(/** @type {string} */ id, /** @type {Partial<Picture>} */ changes) {
    this.items.value = this.items.value.map((item) => (item.id === id ? { ...item, ...changes } : item));
  }

  /** Starts waiting photographs while there is room. */
  #goOn() {
    while (this.#running < AT_A_TIME) {
      const next = this.items.value.find(({ state }) => state === "waiting");
      if (!next) return;
      this.#running++;
      this.#set(next.id, { state: "shrinking" });
      this.#send(next.id).finally(() => { this.#running--; this.#goOn(); });
    }
  }

  async #send(/** @type {string} */ id) {
    const work = this.#work.get(id);
    if (!work) return;
    try {
      const tools = await loadTools();
      const copy = work.copy ??= await tools.shrinkPicture(work.source);
      this.#set(id, { state: "sending", preview: this.items.value.find((item) => item.id === id)?.preview || URL.createObjectURL(copy) });
      const url = await this.#upload(id, work, copy, tools);
      this.#work.delete(id);
      this.#set(id, { state: "stored", url });
      this.#replace(this.items.value);
    } catch (error) {
      if (!work.stop.signal.aborted) this.#set(id, { state: "failed", error: error instanceof ApiError ? error : null });
    }
  }

  /** Sends a file, again after each short wait that the server asks for. */
  async #upload(/** @type {string} */ id, /** @type {Work} */ work, /** @type {Blob} */ copy, /** @type {Tools} */ { signUpload, sendFile }) {
    const { signal: stop } = work.stop;
    for (let tries = 1; ; tries++) {
      try {
        if (!work.target || work.target.until < Date.now() + MARGIN_MS) work.target = await signUpload(copy, stop);
        return await sendFile(work.target, { signal: stop, onProgress: (share) => this.#set(id, { share }) });
      } catch (error) {
        const waits = error instanceof ApiError && error.code === "rate_limited" && error.retryAfter <= LONGEST_WAIT_SECONDS && tries < MAX_TRIES;
        if (!waits) throw error;
        await new Promise((done) => setTimeout(done, error.retryAfter * 1000));
        stop.throwIfAborted();
      }
    }
  }
}

/** @returns {Picture} */
const makePicture = (/** @type {Partial<Picture>} */ known) => ({ id: randomText(), state: "waiting", url: "", preview: "", share: 0, error: null, ...known });
