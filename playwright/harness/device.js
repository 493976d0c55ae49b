// A running `settle-device`.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { built, Program } from "./programs.js";

const run = promisify(execFile);

/** @typedef {import("./home.js").Home} Home */

export class Device {
  /**
   * @param {Program} program
   * @param {string} address
   * @param {{ code: string, typed: string, words: string }} code in each of its forms
   * @param {string} picture
   * @param {string} state
   * @param {string} uniqueName
   */
  constructor(program, address, { code, typed, words }, picture, state, uniqueName) {
    this.program = program;
    this.address = address;
    this.state = state;
    this.uniqueName = uniqueName;
    this.code = code;
    this.typed = typed;
    this.words = words;
    this.picture = picture;
  }

  /**
   * Starts the device whose identity is in the folder `state`; another folder is another device.
   * One that was there before shows no code again once it is paired.
   * @param {Home} home
   * @param {string} upstream
   * @param {{
   *   state?: string, listen?: string, name?: string, announce?: boolean, isNew?: boolean,
   * }} options
   */
  static async start(
    home,
    upstream,
    {
      state = "device",
      listen = "127.0.0.1:0",
      name = "printer",
      announce = false,
      isNew = !existsSync(join(home.path, state)),
    } = {},
  ) {
    const picture = join(home.path, `${state}.png`);
    const program = new Program(
      built("settle-device"),
      [
        ...["serve", "--json", "--upstream", upstream, "--name", name],
        ...(announce ? [] : ["--no-announce"]),
        ...["--listen", listen, "--state", join(home.path, state), "--qr-file", picture],
      ],
      { env: home.environment, log: home.log(`${state}.log`) },
    );
    const listening = await program.line("listening", ({ event }) => event === "listening");
    const { address, unique_name: uniqueName } = listening;
    const { code, typed, words } = isNew
      ? await program.line("code", ({ event }) => event === "code")
      : { code: "", typed: "", words: "" };
    const folder = join(home.path, state);
    return new Device(program, address, { code, typed, words }, picture, folder, uniqueName);
  }

  /** Whether it said that it was paired. */
  get paired() {
    return this.program.lines.some(({ event }) => event === "paired");
  }

  /** Gives it a new root key, as its owner does. */
  async rollOver() {
    const { stdout } = await run(built("settle-device"), [
      ...["rollover", "--json", "--state", this.state],
    ]);
    return /** @type {string} */ (JSON.parse(stdout).fingerprint);
  }

  async stop() {
    await this.program.stop();
  }
}
