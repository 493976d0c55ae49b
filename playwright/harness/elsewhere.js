// Other sites on the web: an HTTPS and an HTTP server whose names only the browser knows, and which
// do nothing but hold pages with a service worker, and redirect.

import { createServer as createPlain } from "node:http";
import { createServer as createSecure } from "node:https";

import { issue, makeAuthority, taking } from "./certificates.js";
import { listen } from "./programs.js";

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
 * @param {string} folder for the keys and the certificates
 */
export async function startElsewhere(folder) {
  const authority = await makeAuthority(folder, "elsewhere");
  const identity = await issue(authority, ["DNS:public.example", "DNS:cloud.example"]);
  const secure = createSecure(identity, answer);
  const plain = createPlain(answer);
  const [securePort, plainPort] = await Promise.all([secure, plain].map((it) => listen(it)));
  return {
    secure: `https://public.example:${securePort}`,
    plain: `http://public.example:${plainPort}`,
    allowed: `https://cloud.example:${securePort}`,
    /** What vouches for them, and what Firefox has to be told to get to them. */
    authority,
    preferences: { "network.dns.localDomains": "public.example,cloud.example" },
    /** What Chromium has to be told. */
    browserArguments: ["--host-resolver-rules=MAP *.example 127.0.0.1", taking(identity.cert)],
    stop() {
      for (const server of [secure, plain]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}
