// A device that knows nothing of Settle: an HTTPS server with a certificate of an authority of its own.

import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];

/**
 * Starts it on a free port, with a certificate for one name.
 * @param {string} folder for the keys and certificates
 * @param {string} name
 */
export async function startImported(folder, name) {
  await mkdir(folder, { recursive: true });
  const file = (/** @type {string} */ it) => join(folder, it);
  const authority = file("authority.pem");
  await run("openssl", [
    ...["req", "-x509", ...KEY, "-subj", "/CN=authority"],
    ...["-keyout", file("authority.key"), "-out", authority],
  ]);
  await run("openssl", [
    ...["req", "-x509", ...KEY, "-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`],
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-addext", "extendedKeyUsage=serverAuth"],
    ...["-CA", authority, "-CAkey", file("authority.key")],
    ...["-keyout", file("key.pem"), "-out", file("cert.pem")],
  ]);
  const [key, cert] = await Promise.all([readFile(file("key.pem")), readFile(file("cert.pem"))]);
  const server = createServer({ key, cert }, (_, response) => response.end("nas"));
  await new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(undefined));
  });
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    authority,
    /** The arguments of `settle import` that say where it is. */
    where: ["--port", `${port}`, "--address", `127.0.0.1:${port}`],
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
