// Other sites on the web: an HTTPS and an HTTP server whose names only the browser knows, and which
// do nothing but hold pages with a service worker, and redirect.

import { execFile } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer as createPlain } from "node:http";
import { createServer as createSecure } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const PAGE = "<!doctype html><html lang=en><title>Elsewhere</title><body></body></html>";

/** Asks for what it is told to. */
const WORKER = `
addEventListener("message", ({ data, ports }) => {
  const done = () => ports[0].postMessage("done");
  fetch(data, { method: "POST", mode: "no-cors", body: "x" }).then(done, done);
});`;

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 */
function answer(request, response) {
  const [path, query = ""] = (request.url ?? "/").split("?");
  if (path === "/to") {
    response.writeHead(307, { location: query, "access-control-allow-origin": "*" });
    response.end();
    return;
  }
  const [type, body] = path === "/sw.js" ? ["text/javascript", WORKER] : ["text/html", PAGE];
  response.writeHead(200, { "content-type": `${type}; charset=utf-8` });
  response.end(body);
}

/**
 * Starts both on free ports.
 * @param {string} folder for the key and the certificate
 */
export async function startElsewhere(folder) {
  const [key, cert] = [join(folder, "elsewhere.key"), join(folder, "elsewhere.crt")];
  const authority = join(folder, "elsewhere-authority.crt");
  const make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  await run("openssl", [
    ...[...make, "-subj", "/CN=elsewhere authority", "-days", "2"],
    ...["-keyout", join(folder, "elsewhere-authority.key"), "-out", authority],
  ]);
  await run("openssl", [
    ...[
      ...make,
      "-subj",
      "/CN=elsewhere",
      "-addext",
      "subjectAltName=DNS:public.example,DNS:cloud.example",
      "-days",
      "2",
    ],
    ...["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"],
    ...["-CA", authority, "-CAkey", join(folder, "elsewhere-authority.key")],
    ...["-keyout", key, "-out", cert],
  ]);
  const pem = await readFile(cert);
  const secure = createSecure({ key: await readFile(key), cert: pem }, answer);
  const plain = createPlain(answer);
  const [securePort, plainPort] = await Promise.all([secure, plain].map(listen));
  const spki = new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
  const pin = createHash("sha256").update(spki).digest("base64");
  return {
    secure: `https://public.example:${securePort}`,
    plain: `http://public.example:${plainPort}`,
    allowed: `https://cloud.example:${securePort}`,
    /** What vouches for them, and what Firefox has to be told to get to them. */
    authority,
    preferences: { "network.dns.localDomains": "public.example,cloud.example" },
    /** What Chromium has to be told. */
    browserArguments: [
      "--host-resolver-rules=MAP *.example 127.0.0.1",
      `--ignore-certificate-errors-spki-list=${pin}`,
    ],
    stop() {
      for (const server of [secure, plain]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

/**
 * @param {import("node:net").Server} server
 * @returns {Promise<number>}
 */
async function listen(server) {
  await new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(undefined));
  });
  return /** @type {import("node:net").AddressInfo} */ (server.address()).port;
}
