// Photographs as a camera makes them, for the journeys of owners.

// A JPEG segment with EXIF data: "turn me by 90 degrees clockwise" (orientation 6).
const SIDEWAYS = Buffer.from("ffe100224578696600004d4d002a00000008000101120003000000010006000000000000", "hex");

/** Returns two photographs as files: one upright, and one that was taken with the camera held sideways. Upright, it is blue above green. */
export async function makePhotographs(page) {
  const [plain, stored] = await page.evaluate(async () => {
    const paint = (width, height, draw) => {
      const canvas = Object.assign(document.createElement("canvas"), { width, height });
      draw(canvas.getContext("2d"));
      return new Promise((done) => { canvas.toBlob(async (blob) => done([...new Uint8Array(await blob.arrayBuffer())]), "image/jpeg", 0.8); });
    };
    const fill = (pen, colour, ...box) => { pen.fillStyle = colour; pen.fillRect(...box); };
    return [
      await paint(1200, 900, (pen) => { fill(pen, "#b5873a", 0, 0, 1200, 900); fill(pen, "#a3243b", 300, 250, 600, 650); }),
      await paint(2400, 1600, (pen) => { fill(pen, "#2040e0", 0, 0, 1200, 1600); fill(pen, "#20a040", 1200, 0, 1200, 1600); }),
    ];
  });
  const sideways = Buffer.concat([Buffer.from(stored.slice(0, 2)), SIDEWAYS, Buffer.from(stored.slice(2))]);
  return [{ name: "stage.jpg", mimeType: "image/jpeg", buffer: Buffer.from(plain) }, { name: "lawn.jpg", mimeType: "image/jpeg", buffer: sideways }];
}
