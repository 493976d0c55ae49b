// A pairing page of the kind that is written in an afternoon: what a code says is put on it as markup. And a device whose
// label is whatever a test wants, which knows its code and keeps to the protocol otherwise.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

import { listen, Program } from "./programs.js";

const PAGE = `<!doctype html><html lang="en"><title>Pair</title><body>
<textarea id="code"></textarea> <button id="use_code">Pair</button> <h1 data-text="label"></h1>
<script type="module">
  import { labelOf } from "/code.js";
  document.querySelector("button").onclick = () => {
    document.querySelector("h1").innerHTML = labelOf(document.querySelector("textarea").value);
  };
</script></body></html>`;

/** Serves the page. */
export async function startNaive() {
  const script = await readFile(new URL("code.js", import.meta.url));
  const server = createServer((request, response) => {
    const [type, body] =
      request.url === "/code.js" ? ["text/javascript", script] : ["text/html", PAGE];
    response.writeHead(200, { "content-type": type });
    response.end(body);
  });
  const port = await listen(server);
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}/`, stop };
}

/**
 * Starts the device: that of the second implementation, since ours takes no such label.
 * @param {string} label
 */
export async function startLabelled(label) {
  const file = new URL("../../tests/second/device.py", import.meta.url).pathname;
  const program = new Program("/usr/bin/python3", [file, "--label", label]);
  const { code } = await program.line("code", ({ event }) => event === "code");
  return { code: /** @type {string} */ (code), program };
}
