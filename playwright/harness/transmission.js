// A second real interface, of a box that stores files: Transmission, with nothing to load. Its page is a program in
// the browser, which asks a server that refuses foreign names and requests without its own token.

import { spawn } from "node:child_process";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { answers } from "./programs.js";

/** Where it listens: by chance beside nothing else in a private network. */
const PORT = 9091;
const URL = `http://127.0.0.1:${PORT}`;

/** It looks for others on no network. */
const SETTINGS = {
  "rpc-port": PORT,
  "rpc-bind-address": "127.0.0.1",
  "dht-enabled": false,
  "lpd-enabled": false,
  "pex-enabled": false,
  "utp-enabled": false,
  "port-forwarding-enabled": false,
};

/** Starts it, in the private network of the tests. */
export async function startTransmission() {
  const folder = await mkdtemp(join(tmpdir(), "transmission-"));
  const settings = { ...SETTINGS, "download-dir": folder, "incomplete-dir": folder };
  await writeFile(join(folder, "settings.json"), JSON.stringify(settings));
  const log = await open(join(folder, "log"), "w");
  const daemon = spawn("transmission-daemon", ["--foreground", "--config-dir", folder], {
    stdio: ["ignore", log.fd, log.fd],
  });
  const ended = new Promise((resolve) => {
    daemon.on("close", resolve);
  });
  await answers(`${URL}/transmission/web/`);
  return {
    url: URL,
    async stop() {
      daemon.kill("SIGTERM");
      await ended;
      await log.close();
      await rm(folder, { recursive: true });
    },
  };
}
