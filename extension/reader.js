// @ts-check
// Reads the QR codes of pictures and of a camera's frames beside the page: hands their pixels to wasm.

import init, { readCodes, readFrame } from "./pkg/settle_picture.js";

/** Larger pictures are made smaller first: a code that fills a part of one stays readable. */
const LONGEST_SIDE = 2400;
const LONGEST_SIDE_OF_FRAME = 1280;

const ready = init({
  module_or_path: new URL("pkg/settle_picture_bg.wasm", import.meta.url),
});

/** Frames so far: each is looked at in another way. */
let frames = 0;

addEventListener("message", async ({ data: { id, picture, frame } }) => {
  try {
    await ready;
    postMessage({ id, codes: picture ? await codesOf(picture) : codesIn(frame) });
  } catch (error) {
    // A picture that broke the reader has no codes. Nothing more is asked of what is left of it.
    reportError(error);
    postMessage({ id, codes: [], broken: true });
  }
});

/** @param {ImageBitmap} frame */
function codesIn(frame) {
  const picture = pixels(frame, LONGEST_SIDE_OF_FRAME);
  frames += 1;
  return picture && readFrame(picture.width, picture.height, bytes(picture), frames);
}

/**
 * @param {Blob} picture
 * @returns {Promise<string[] | null>} null when it is no picture.
 */
async function codesOf(picture) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(picture);
  } catch {
    // The one reason there is: the browser cannot decode the file.
    return null;
  }
  const image = pixels(bitmap, LONGEST_SIDE);
  return image && readCodes(image.width, image.height, bytes(image));
}

/**
 * The pixels of a bitmap, which is used up, made smaller where it is larger than `longest`.
 * @param {ImageBitmap} bitmap
 * @param {number} longest
 */
function pixels(bitmap, longest) {
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) {
    return null;
  }
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

/** @param {ImageData} image */
function bytes({ data }) {
  return new Uint8Array(data.buffer);
}
