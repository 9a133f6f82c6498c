// Sends requests to the API. No other module does. Types come from openapi.json; every failure is an ApiError.
import { endSession, session } from "./session.js";
/** @import { FieldFault, paths } from "./types.js" */

/** @typedef {"get" | "post" | "patch" | "delete" | "put"} Method */
/** @template {Method} M @typedef {{ [P in keyof paths]: paths[P] extends { [K in M]: object } ? P : never }[keyof paths]} PathOf */
/** @template {keyof paths} P @template {Method} M @typedef {paths[P] extends { [K in M]: infer Route } ? Route : never} Route */
/** @template R @typedef {R extends { parameters: { query?: infer Q } } ? NonNullable<Q> : {}} Query */
/** @template R @typedef {R extends { requestBody?: { content: { "application/json": infer B } } } ? B : never} Body */
/** @template R @typedef {R extends { responses: infer S } ? { [K in 200 | 201 | 202]: S extends { [L in K]: { content: { "application/json": { data: infer D } } } } ? D : never }[200 | 201 | 202] : never} Data */
/** @typedef {{ parts?: Record<string, string>, signal?: AbortSignal, key?: string, version?: string, token?: string }} Options `parts` fill the braces of the path; `key` is the Idempotency-Key; `version` the ETag for If-Match; `token` replaces that of the session. */

const BUSY_PAUSE_MS = 1000;
const MAX_TRIES = 5;

/** An error response, or a missing one. `code` is that of docs/errors.md, or no_connection, or bad_response. */
export class ApiError extends Error {
  constructor(/** @type {string} */ code, status = 0, { message = code, retryAfter = 0, requestId = "", details = /** @type {FieldFault[]} */ ([]) } = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
    this.requestId = requestId;
    this.details = details;
  }
}

/**
 * Reads. A public route is read without the token, because responses to a token are not cached.
 * @template {PathOf<"get">} P
 * @param {P} path @param {Options & { query?: Query<Route<P, "get">> }} [options]
 * @returns {Promise<Data<Route<P, "get">>>}
 */
export async function read(path, { query, ...options } = {}) {
  return (await send("GET", path, options, { query })).data;
}

/**
 * Reads with the token, and returns the ETag too, which a change sends back as its `version`. A venue that the operator
 * has hidden is shown only to its owner.
 * @template {PathOf<"get">} P
 * @param {P} path @param {Options} [options]
 * @returns {Promise<{ data: Data<Route<P, "get">>, version: string }>}
 */
export async function readVersion(path, options = {}) {
  const { data, response } = await send("GET", path, { token: session.value?.token, ...options });
  return { data, version: response.headers.get("ETag") ?? "" };
}

/**
 * @template {PathOf<"post">} P
 * @param {P} path @param {Body<Route<P, "post">>} body @param {Options} [options]
 * @returns {Promise<Data<Route<P, "post">>>}
 */
export async function create(path, body, options = {}) {
  return (await send("POST", path, options, { body })).data;
}

/**
 * @template {PathOf<"patch">} P
 * @param {P} path @param {Body<Route<P, "patch">>} body @param {Options} [options]
 * @returns {Promise<Data<Route<P, "patch">>>}
 */
export async function change(path, body, options = {}) {
  return (await send("PATCH", path, options, { body })).data;
}

/**
 * Sets a state that has no body, such as that a guest is blocked.
 * @template {PathOf<"put">} P
 * @param {P} path @param {Options} [options]
 * @returns {Promise<Data<Route<P, "put">>>}
 */
export async function put(path, options = {}) {
  return (await send("PUT", path, options)).data;
}

/**
 * @template {PathOf<"delete">} P
 * @param {P} path @param {Options & { body?: Body<Route<P, "delete">> }} [options]
 * @returns {Promise<Data<Route<P, "delete">>>}
 */
export async function remove(path, { body, ...options } = {}) {
  return (await send("DELETE", path, options, { body })).data;
}

/** Fetches a file that needs the token, such as a calendar file. @returns {Promise<Blob>} */
export async function readFile(/** @type {PathOf<"get">} */ path, /** @type {Options & { query?: object }} */ { query, ...options } = {}) {
  const token = session.value?.token;
  const response = await request("GET", path, options, { query });
  if (response.ok) return response.blob();
  const error = await readError(response);
  if (error.status === 401 && token && endSession(token)) return readFile(path, { query, ...options });
  throw error;
}

/** @returns {Promise<{ data: any, response: Response }>} */
async function send(/** @type {string} */ method, /** @type {string} */ path, /** @type {Options} */ options, /** @type {{ query?: object, body?: unknown }} */ content = {}) {
  for (let tries = 1; ; tries++) {
    const token = options.token ? undefined : session.value?.token;
    const response = await request(method, path, options, content);
    if (response.ok) return { data: await readData(response, options.signal), response };
    const error = await readError(response);
    // The first request with this key still runs. Its response is the response to this one too.
    if (error.code === "idempotency_in_progress" && tries < MAX_TRIES) await pause(BUSY_PAUSE_MS);
    else if (!(error.status === 401 && token && error.code !== "bad_credentials" && endSession(token) && tries < MAX_TRIES)) throw error;
  }
}

const isPublic = (/** @type {string} */ method, /** @type {string} */ path) => method === "GET" && /^\/venues\/(search|\{venue_id\}(\/availability|\/alternatives)?)$/.test(path);

/** @returns {Promise<Response>} */
async function request(/** @type {string} */ method, /** @type {string} */ path, /** @type {Options} */ { parts = {}, signal, key, version, token = isPublic(method, path) ? undefined : session.value?.token }, /** @type {{ query?: object, body?: unknown }} */ { query, body }) {
  const headers = new Headers({ Accept: "application/json" });
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  if (key) headers.set("Idempotency-Key", key);
  if (version) headers.set("If-Match", version);
  const address = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(parts[name] ?? "")) + writeQuery(query);
  try {
    return await fetch(address, { method, headers, signal, credentials: "omit", body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("no_connection");
  }
}

function writeQuery(/** @type {object} */ query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
}

/** Returns the data of a success. The connection can end, or the page can abort, in the middle of a response. */
async function readData(/** @type {Response} */ response, /** @type {AbortSignal | undefined} */ signal) {
  const json = await readJson(response);
  signal?.throwIfAborted();
  if (!json) throw new ApiError("bad_response");
  return json.data;
}

const readJson = (/** @type {Response} */ response) => response.json().catch(() => null);
const pause = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));

async function readError(/** @type {Response} */ response) {
  const { error, code, details } = (await readJson(response)) ?? {};
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  const requestId = response.headers.get("X-Request-ID") ?? "";
  return new ApiError(code ?? "bad_response", response.status, { message: error, retryAfter, requestId, details });
}
