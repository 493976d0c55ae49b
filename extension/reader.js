// @ts-check
// Reads the QR codes of pictures beside the page: decodes the file, hands its pixels to wasm.

import init, { readCodes } from "./pkg/settle_picture.js";

/** Larger pictures are made smaller first: a code that fills a part of one stays readable. */
const LONGEST_SIDE = 2400;

const ready = init({
  module_or_path: new URL("pkg/settle_picture_bg.wasm", import.meta.url),
});

addEventListener("message", async ({ data: { id, picture } }) => {
  postMessage({ id, codes: await codesOf(picture) });
});

/**
 * @param {Blob} picture
 * @returns {Promise<string[] | null>} null when it is no picture.
 */
async function codesOf(picture) {
  await ready;
  let bitmap;
  try {
    bitmap = await createImageBitmap(picture);
  } catch {
    // The one reason there is: the browser cannot decode the file.
    return null;
  }
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const context = new OffscreenCanvas(width, height).getContext("2d");
  if (!context) {
    return null;
  }
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  return readCodes(width, height, new Uint8Array(data.buffer));
}
