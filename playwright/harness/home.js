// A user's home with a session bus and a keyring, held by the program `settle-home`.

import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { built, Program } from "./programs.js";

const run = promisify(execFile);

export class Home {
  /**
   * @param {Program} holder
   * @param {string} path
   * @param {Record<string, string>} environment
   */
  constructor(holder, path, environment) {
    this.holder = holder;
    this.path = path;
    /** What a program of this user sees. */
    this.environment = { PATH: process.env.PATH ?? "", ...environment };
  }

  static async start() {
    const holder = new Program(built("settle-home"), []);
    const { path, environment } = await holder.line("home");
    return new Home(holder, path, environment);
  }

  /**
   * Changes the keyring's state, or ends the daemon.
   * @param {"lock" | "unlock" | "end-keyring" | "end-daemon"} what
   */
  async make(what) {
    this.holder.child.stdin?.write(`${what}\n`);
    await this.holder.line(what, (line) => line.done === what);
  }

  /** The browser's folder, which `settle install` has to know. */
  get profile() {
    return join(this.path, "chromium");
  }

  /** The certificate store that Chromium reads, once it is installed in. */
  get store() {
    return join(this.path, ".local/share/pki/nssdb");
  }

  /** Installs the host for the browser of this home. */
  async install() {
    await mkdir(this.profile, { recursive: true });
    await this.settle("install", "--yes", "--user-data-dir", this.profile);
  }

  /**
   * Runs the command line and returns what it prints.
   * @param {string[]} args
   */
  async settle(...args) {
    const options = { env: this.environment, cwd: this.path };
    try {
      return (await run(built("settle"), args, options)).stdout;
    } catch (error) {
      // What it printed says more than that it failed.
      const { stdout, stderr } = /** @type {{ stdout: string, stderr: string }} */ (error);
      throw new Error(`settle ${args[0]}: ${stdout.trim().slice(-600)} ${stderr.trim()}`);
    }
  }

  /**
   * A file among the logs.
   * @param {string} name
   */
  log(name) {
    return join(this.path, "logs", name);
  }

  async stop() {
    // The end of its input is its sign to take everything along.
    this.holder.child.stdin?.end();
    await this.holder.ended;
  }
}
