// The part of `cargo xtask bench qr` that runs in Node.js and in Chromium: lets our reader of QR codes and
// those of others look at the same frames, one after the other in turns, and prints what they told and how long it took.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";

import { EXTENSION, openPairingPage, startBrowser } from "./harness/browser.js";
import { setting } from "./harness/programs.js";

/**
 * @typedef {{ data: Uint8ClampedArray<ArrayBuffer>, width: number, height: number }} Pixels
 * @typedef {{
 *   name: string, most: number, gzip_kb: number, read: (pixels: Pixels) => Promise<string[]>,
 * }} Reader
 */

/** How often the worker is started. */
const STARTS = 11;

const [file] = process.argv.slice(2);
if (!file) throw new Error("start this by cargo xtask bench qr");
const { width, height, frames } = JSON.parse(await readFile(file, "utf8"));
const require = createRequire(import.meta.url);

/** @param {string} path */
async function gzipped(path) {
  return gzipSync(await readFile(path), { level: 9 }).length / 1000;
}

/** @returns {Promise<Reader>} as the extension uses it for a camera */
async function ours() {
  const folder = join(setting("SETTLE_EXTENSION"), "pkg");
  const { default: init, readFrame } = await import(
    pathToFileURL(join(folder, "settle_picture.js")).href
  );
  const wasm = join(folder, "settle_picture_bg.wasm");
  await init({ module_or_path: await readFile(wasm) });
  let number = 0;
  return {
    name: "settle",
    most: Number.MAX_SAFE_INTEGER,
    gzip_kb: await gzipped(wasm),
    read: async ({ data }) => {
      number += 1;
      return readFrame(width, height, new Uint8Array(data.buffer), number);
    },
  };
}

/** @returns {Promise<Reader>} with everything that makes it find more */
async function zxing() {
  const wasm = join(
    dirname(require.resolve("zxing-wasm/reader/zxing_reader.wasm")),
    "zxing_reader.wasm",
  );
  await prepareZXingModule({
    overrides: { wasmBinary: new Uint8Array(await readFile(wasm)).buffer },
    fireImmediately: true,
  });
  return {
    name: "zxing-wasm",
    most: Number.MAX_SAFE_INTEGER,
    gzip_kb: await gzipped(wasm),
    read: async (pixels) => {
      const found = await readBarcodes(/** @type {ImageData} */ (pixels), {
        formats: ["QRCode"],
        tryHarder: true,
        tryRotate: true,
        tryInvert: true,
        tryDownscale: true,
        maxNumberOfSymbols: 255,
      });
      return found.filter(({ isValid }) => isValid).map(({ text }) => text);
    },
  };
}

/** @returns {Promise<Reader>} */
async function jsqr() {
  const { default: jsQR } = require("jsqr");
  return {
    name: "jsQR",
    most: 1,
    gzip_kb: await gzipped(require.resolve("jsqr")),
    read: async ({ data }) => {
      const found = jsQR(data, width, height);
      return found ? [found.data] : [];
    },
  };
}

/** @param {string} name */
async function pixelsOf(name) {
  const grey = await readFile(join(dirname(/** @type {string} */ (file)), name));
  const data = new Uint8ClampedArray(grey.length * 4).fill(255);
  for (const [at, shade] of grey.entries()) {
    data.fill(shade, at * 4, at * 4 + 3);
  }
  return { data, width, height };
}

/** @param {Reader[]} readers */
async function readAll(readers) {
  const results = readers.map(({ name, most, gzip_kb }) => {
    return { name, most, gzip_kb, frames: /** @type {{ texts: string[], ms: number }[]} */ ([]) };
  });
  for (const { file: name } of frames) {
    const pixels = await pixelsOf(name);
    for (const [at, reader] of readers.entries()) {
      const begin = performance.now();
      const texts = await reader.read(pixels);
      results[at]?.frames.push({ texts, ms: performance.now() - begin });
    }
  }
  return results;
}

/** From making the extension's worker to its first answer. */
async function workerStarts() {
  const context = await startBrowser(join(tmpdir(), `settle-readers-${process.pid}`), {
    env: /** @type {Record<string, string>} */ ({ ...process.env }),
  });
  const page = await openPairingPage(context, "down");
  const starts = [];
  for (let start = 0; start < STARTS; start += 1) {
    starts.push(
      await page.evaluate(async (address) => {
        const frame = await createImageBitmap(new ImageData(64, 64));
        const begin = performance.now();
        const worker = new Worker(`${address}/reader.js`, { type: "module" });
        const answered = new Promise((resolve) => {
          worker.onmessage = resolve;
        });
        worker.postMessage({ id: 1, frame }, [frame]);
        await answered;
        const took = performance.now() - begin;
        worker.terminate();
        return took;
      }, EXTENSION),
    );
  }
  await context.close();
  return starts;
}

const readers = [await ours(), await zxing(), await jsqr()];
// Engines compile what they run often: the first frames are for that.
for (const { file: name } of frames.slice(0, 5)) {
  const pixels = await pixelsOf(name);
  for (const reader of readers) {
    await reader.read(pixels);
  }
}
const results = await readAll(readers);
const report = JSON.stringify({ readers: results, worker_start_ms: await workerStarts() });
// A pipe takes only so much at once, and what is left would end with this process.
process.stdout.write(report, () => process.exit(0));
