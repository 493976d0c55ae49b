// A proxy on the user's computer that leads to devices' web interfaces as Settle's does, encrypted and without a warning, and
// does not mind which page asks. It stands where the verifying proxy and the devices' own listeners are otherwise.

import { request as ask, createServer as createPlain } from "node:http";
import { createServer as createSecure } from "node:https";

import { issue, makeAuthority } from "./certificates.js";
import { listen } from "./programs.js";

/**
 * Starts it on a free port.
 * @param {string} folder for the keys and certificates
 * @param {Record<string, string>} interfaces the address of each, by the name that leads to it
 */
export async function startCareless(folder, interfaces) {
  const authority = await makeAuthority(folder, "careless");
  const names = Object.keys(interfaces);
  const identity = await issue(
    authority,
    names.map((name) => `DNS:${name}`),
  );
  const secure = createSecure(identity, (request, response) => {
    const { method = "GET", url = "/", headers } = request;
    const to = new URL(url, interfaces[headers.host ?? ""]);
    const passed = ask(to, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    request.pipe(passed);
  });
  const proxy = createPlain().on("connect", (request, socket) => {
    if (!names.some((name) => request.url === `${name}:443`)) return socket.destroy();
    socket.on("error", () => socket.destroy());
    socket.write("HTTP/1.1 200 Connected\r\n\r\n");
    return secure.emit("connection", socket);
  });
  const port = await listen(proxy);
  return {
    authority,
    /** What Chromium has to be told, and what Firefox. Other sites are reached without it. */
    browserArguments: [`--proxy-server=http://127.0.0.1:${port}`, "--proxy-bypass-list=*.example"],
    preferences: {
      "network.proxy.type": 1,
      "network.proxy.ssl": "127.0.0.1",
      "network.proxy.ssl_port": port,
      "network.proxy.no_proxies_on": ".example",
    },
    stop() {
      proxy.close();
      for (const server of [proxy, secure]) server.closeAllConnections();
    },
  };
}
