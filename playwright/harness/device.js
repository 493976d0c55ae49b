// A running `settle-device`.

import { existsSync } from "node:fs";
import { join } from "node:path";

import { built, Program } from "./programs.js";

/** @typedef {import("./home.js").Home} Home */

export class Device {
  /**
   * @param {Program} program
   * @param {string} address
   * @param {{ code: string, typed: string, words: string }} code in each of its forms
   * @param {string} picture
   */
  constructor(program, address, { code, typed, words }, picture) {
    this.program = program;
    this.address = address;
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
    const { address } = await program.line("listening", ({ event }) => event === "listening");
    const { code, typed, words } = isNew
      ? await program.line("code", ({ event }) => event === "code")
      : { code: "", typed: "", words: "" };
    return new Device(program, address, { code, typed, words }, picture);
  }

  /** Whether it said that it was paired. */
  get paired() {
    return this.program.lines.some(({ event }) => event === "paired");
  }

  async stop() {
    await this.program.stop();
  }
}
