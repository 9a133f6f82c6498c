// Uploads a file to the address that the API signs: on this server, on S3, or at Cloudinary.
import { ApiError, create } from "../api.js";
import { ownPath } from "../pictures.js";
/** @typedef {{ method: string, url: string, headers: Record<string, string>, body: Blob | FormData, publicUrl: string | null, until: number }} Target `publicUrl` is null where only the response tells it. `until` is the moment at which the address expires. */
/** @typedef {{ signal: AbortSignal, onProgress: (share: number) => void }} Progress */

// The name of the file is not part of any address, so the name on the owner's device stays there.
const NAMES = /** @type {Record<string, string>} */ ({ "image/webp": "photograph.webp", "image/jpeg": "photograph.jpg" });
// Cloudinary accepts a signature for an hour.
const CLOUDINARY_MS = 3_600_000;

/** Asks for the address to which a file is sent. Each address counts for the space of the account, so a retry uses the same. @returns {Promise<Target>} */
export async function signUpload(/** @type {Blob} */ file, /** @type {AbortSignal} */ signal) {
  try {
    const filename = NAMES[file.type] ?? "photograph";
    const signed = await create("/uploads/sign-s3", { filename, content_type: /** @type {any} */ (file.type), size_bytes: file.size }, { signal });
    const { method, headers, public_url, expires_at } = signed;
    return { method, url: ownPath(signed.upload_url), headers, body: file, publicUrl: public_url, until: Date.parse(expires_at) };
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "not_configured") throw error;
    return signForCloudinary(file, signal);
  }
}

/** @returns {Promise<Target>} */
async function signForCloudinary(/** @type {Blob} */ file, /** @type {AbortSignal} */ signal) {
  const { upload_url, signed_params, params_sample } = await create("/uploads/sign-cloudinary", { resource_type: "image" }, { signal });
  const body = new FormData();
  for (const [name, value] of Object.entries(signed_params ?? params_sample)) body.set(name, String(value));
  body.set("file", file);
  return { method: "POST", url: upload_url, headers: {}, body, publicUrl: null, until: Date.now() + CLOUDINARY_MS };
}

/** Sends a file to its address, and returns its public address. XMLHttpRequest tells how much has been sent; fetch does not. @returns {Promise<string>} */
export function sendFile(/** @type {Target} */ { method, url, headers, body, publicUrl }, /** @type {Progress} */ { signal, onProgress }) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
    request.onerror = () => fail(new ApiError("no_connection"));
    request.onabort = () => fail(new DOMException("The file was removed.", "AbortError"));
    request.onload = () => {
      // S3 stores a file once at an address: 412 says that an earlier attempt arrived, and only its response was lost.
      const isStored = request.status < 300 || request.status === 412;
      const address = publicUrl ?? readJson(request)?.secure_url;
      if (isStored && address) done(address);
      else fail(readError(request));
    };
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

function readError(/** @type {XMLHttpRequest} */ request) {
  const { error, code, details } = readJson(request) ?? {};
  const retryAfter = Number(request.getResponseHeader("Retry-After")) || 0;
  return new ApiError(typeof code === "string" ? code : "bad_response", request.status, { message: typeof error === "string" ? error : undefined, retryAfter, details });
}

function readJson(/** @type {XMLHttpRequest} */ request) {
  try { return JSON.parse(request.responseText); } catch { return null; }
}
