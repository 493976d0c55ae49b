// A real printer server, CUPS, with nothing but its own pages; anybody may manage it.

import { execFile, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { answers } from "./programs.js";

const run = promisify(execFile);

/** CUPS refuses other names than `localhost` on the loopback's own addresses (RFC 5737). */
const HOST = "192.0.2.2";
const URL = `http://${HOST}:631`;

/** @param {string} socket by which its own pages ask it */
const configuration = (socket) => `
Listen ${HOST}:631
Listen ${socket}
ServerAlias *
WebInterface Yes
Browsing Off
DefaultAuthType None
LogLevel warn
<Location />
  Order allow,deny
  Allow all
</Location>
<Policy default>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
`;

/**
 * Gives the private network of the tests the address that CUPS has there. It is done before any test:
 * a browser breaks off its requests when the computer's addresses change.
 */
export async function addAddress() {
  await run("ip", ["address", "replace", `${HOST}/32`, "dev", "lo"]);
}

/** Starts it, in the private network of the tests. */
export async function startCups() {
  const folder = await mkdtemp(join(tmpdir(), "cups-"));
  const at = (/** @type {string} */ name) => join(folder, name);
  for (const name of ["root", "spool", "cache", "run/certs", "log", "tmp"]) {
    await mkdir(at(name), { recursive: true });
  }
  // Its pages are made by programs of another user.
  await chmod(folder, 0o755);
  await writeFile(at("cupsd.conf"), configuration(at("run/cups.sock")));
  await writeFile(
    at("cups-files.conf"),
    `ServerRoot ${at("root")}\nRequestRoot ${at("spool")}\nTempDir ${at("tmp")}\n` +
      `CacheDir ${at("cache")}\nStateDir ${at("run")}\nAccessLog ${at("log/access")}\n` +
      `ErrorLog stderr\nPageLog ${at("log/page")}\nSystemGroup root\nUser lp\nGroup lp\n`,
  );
  const log = await open(at("log/stderr"), "w");
  const cups = spawn("cupsd", ["-f", "-c", at("cupsd.conf"), "-s", at("cups-files.conf")], {
    stdio: ["ignore", "ignore", log.fd],
  });
  const ended = new Promise((resolve) => {
    cups.on("close", resolve);
  });
  // As a browser that asks for the printer.
  await answers(URL, { host: "printer.local" });
  return {
    url: URL,
    async stop() {
      cups.kill("SIGTERM");
      await ended;
      await log.close();
      await rm(folder, { recursive: true });
    },
  };
}
