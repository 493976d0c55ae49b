// Starting programs, reading the JSON lines that the workspace's own print, and waiting for servers.

import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

/** How long anything on one machine may take, in milliseconds. */
export const PATIENCE = 40_000;

/**
 * A setting that `cargo xtask` gives.
 * @param {string} name
 * @returns {string}
 */
export function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start this by cargo xtask`);
  return value;
}

/**
 * The file of a program of the workspace.
 * @param {string} name
 */
export function built(name) {
  return join(setting("SETTLE_BIN_DIR"), name);
}

/**
 * Waits until a web server gives a page.
 * @param {string} url
 * @param {Record<string, string>} headers
 */
export async function answers(url, headers = {}) {
  const end = Date.now() + PATIENCE;
  const asked = () =>
    new Promise((resolve) => {
      const request = get(url, { headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      });
      request.on("error", () => resolve(false));
    });
  while (!(await asked())) {
    if (Date.now() > end) throw new Error(`${url} does not answer`);
    await pause(20);
  }
}

/**
 * Has a server listen on a free port, and returns that.
 * @param {import("node:net").Server} server
 * @param {string} address
 */
export async function listen(server, address = "127.0.0.1") {
  await new Promise((resolve) => {
    server.listen(0, address, () => resolve(undefined));
  });
  return /** @type {import("node:net").AddressInfo} */ (server.address()).port;
}

/** A program that prints one JSON object a line. */
export class Program {
  /** @type {Record<string, unknown>[]} */
  #lines = [];
  /** @type {(() => void)[]} */
  #waiting = [];
  #ended = false;
  #next = 0;

  /**
   * @param {string} file
   * @param {string[]} args
   * @param {{ env?: NodeJS.ProcessEnv, log?: string }} options
   */
  constructor(file, args, { env = process.env, log } = {}) {
    this.name = file;
    this.child = spawn(file, args, { env, stdio: ["pipe", "pipe", log ? "pipe" : "inherit"] });
    if (log) this.child.stderr?.pipe(createWriteStream(log, { flags: "a" }));
    /** @type {Promise<void>} */
    this.ended = new Promise((resolve) => {
      this.child.on("close", () => {
        this.#ended = true;
        this.#wake();
        resolve();
      });
      this.child.on("error", () => {});
    });
    const lines = createInterface({
      input: /** @type {import("node:stream").Readable} */ (this.child.stdout),
    });
    lines.on("line", (line) => {
      this.#lines.push(JSON.parse(line));
      this.#wake();
    });
  }

  #wake() {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Every line until now. */
  get lines() {
    return this.#lines;
  }

  /**
   * The next line not waited for yet that satisfies a condition; earlier ones are skipped.
   * @param {string} what
   * @param {(line: Record<string, unknown>) => boolean} wanted
   * @returns {Promise<Record<string, any>>}
   */
  async line(what, wanted = () => true) {
    const end = Date.now() + PATIENCE;
    for (;;) {
      while (this.#next < this.#lines.length) {
        const line = /** @type {Record<string, unknown>} */ (this.#lines[this.#next]);
        this.#next += 1;
        if (wanted(line)) return line;
      }
      if (this.#ended) throw new Error(`${this.name} ended with no ${what}`);
      if (Date.now() > end) throw new Error(`${this.name}: no ${what}`);
      await new Promise((resolve) => {
        this.#waiting.push(() => resolve(undefined));
        setTimeout(resolve, end - Date.now() + 1).unref();
      });
    }
  }

  /** Ends it and waits until it has ended. */
  async stop() {
    this.child.stdin?.end();
    this.child.kill("SIGTERM");
    const insist = setTimeout(() => this.child.kill("SIGKILL"), 5000);
    await this.ended;
    clearTimeout(insist);
  }
}
