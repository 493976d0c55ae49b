// Somebody who has the bridge authority's key: an authority of the same name and constraints as Settle's own, in the same
// store, whose key the test has, since that of the real one is sealed. And the servers that they set up with it.

import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { createServer } from "node:https";
import { promisify } from "node:util";

import { issue, makeAuthority, trust } from "./certificates.js";
import { listen } from "./programs.js";

/** @typedef {import("./certificates.js").Authority} Authority */

const run = promisify(execFile);

const NICKNAME = "Settle bridge (this computer only)";
/** The DER of a critical extension with name constraints, up to its length (RFC 5280 §4.2.1.10). */
const CONSTRAINTS = Buffer.from("0603551d1e0101ff04", "hex");

/** What the servers show. */
export const SHOWN = "what the thief shows";

/**
 * Makes the thief's authority, and puts it beside the real one.
 * @param {string} folder for its files
 * @param {string} store the folder of a certificate store that Settle is installed in
 */
export async function stealAuthority(folder, store) {
  const real = await run("certutil", ["-L", "-n", NICKNAME, "-a", "-d", `sql:${store}`]);
  const { raw } = new X509Certificate(real.stdout);
  const start = raw.indexOf(CONSTRAINTS) + CONSTRAINTS.length;
  const length = raw[start] ?? 0;
  // A longer one would have its length in several octets.
  if (start < CONSTRAINTS.length || length >= 0x80) throw new Error("no constraints to copy");
  const contents = raw.subarray(start + 1, start + 1 + length).toString("hex");
  const stolen = await makeAuthority(folder, "stolen", {
    name: NICKNAME,
    extensions: [`nameConstraints=critical,DER:${contents}`],
  });
  await trust(store, stolen, NICKNAME);
  return stolen;
}

/**
 * Starts a server with a certificate by an authority, and returns its port.
 * @param {Authority} authority
 * @param {string} name with its kind, as `DNS:nas.local`
 * @param {string} address where it listens
 */
export async function startThief(authority, name, address = "127.0.0.1") {
  const server = createServer(await issue(authority, [name]), (_, response) => response.end(SHOWN));
  const port = await listen(server, address);
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { port, stop };
}
