// A running `settle-app`: the web interface of a demanding device.

import { built, Program } from "./programs.js";

/** Starts it on a free port. */
export async function startApp() {
  const program = new Program(built("settle-app"), []);
  const { address } = await program.line("address");
  return { url: `http://${address}`, stop: () => program.stop() };
}
