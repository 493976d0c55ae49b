// Films for a camera that does not exist: a code as a camera would see it.

import { execFile } from "node:child_process";
import { join } from "node:path";

import { built } from "./programs.js";

/**
 * Makes a film of a code; Chromium shows it as what its camera sees.
 * @param {string} folder
 * @param {string} code
 * @returns {Promise<string>} the film's file
 */
export async function film(folder, code) {
  const file = join(folder, "camera.y4m");
  await new Promise((resolve, reject) => {
    const made = execFile(built("settle-film"), [file], (error) =>
      error ? reject(error) : resolve(undefined),
    );
    made.stdin?.end(code);
  });
  return file;
}
