// A device that knows nothing of Settle: an HTTPS server with a certificate of an authority of its own.

import { createServer } from "node:https";

import { issue, makeAuthority } from "./certificates.js";
import { listen } from "./programs.js";

/**
 * Starts it on a free port, with a certificate for one name.
 * @param {string} folder for the keys and certificates
 * @param {string} name
 */
export async function startImported(folder, name) {
  const authority = await makeAuthority(folder, "authority");
  const identity = await issue(authority, [`DNS:${name}`]);
  const server = createServer(identity, (_, response) => response.end("nas"));
  const port = await listen(server);
  return {
    authority: authority.certificate,
    /** The arguments of `settle import` that say where it is. */
    where: ["--port", `${port}`, "--address", `127.0.0.1:${port}`],
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
