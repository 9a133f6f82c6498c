// Makes a photograph small and upright in the browser: less to upload, and no position of the camera in the file.

const MAX_SIDE = 2000;
const QUALITY = 0.82;
// Safari can't write WebP.
const TYPES = ["image/webp", "image/jpeg"];

/** Returns the photograph as WebP or JPEG, with at most 2000 pixels on its longer side. Fails for a file that is no picture for this browser. @returns {Promise<Blob>} */
export async function shrinkPicture(/** @type {Blob} */ file) {
  // A camera stores how it was held beside the pixels (EXIF). The copy is drawn upright, without that.
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const canvas = drawSmaller(picture);
  picture.close();
  for (const type of TYPES) {
    const copy = await write(canvas, type);
    if (copy?.type === type) return copy;
  }
  throw new Error("This browser can't write pictures.");
}

function drawSmaller(/** @type {ImageBitmap} */ picture) {
  const scale = Math.min(1, MAX_SIDE / Math.max(picture.width, picture.height));
  const [width, height] = [Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale))];
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.imageSmoothingQuality = "high";
  pen.fillStyle = "white"; // Where the picture is transparent.
  pen.fillRect(0, 0, width, height);
  pen.drawImage(picture, 0, 0, width, height);
  return canvas;
}

/** @returns {Promise<Blob | null>} */
const write = (/** @type {HTMLCanvasElement} */ canvas, /** @type {string} */ type) => new Promise((done) => { canvas.toBlob(done, type, QUALITY); });
