// A device that cannot pair: a page by plain HTTP, one by HTTPS with a certificate that nobody knows, and a name.

import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { createServer as createPlain } from "node:http";
import { createServer as createSecure } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";

import { announce } from "./announced.js";

const run = promisify(execFile);

const PAGE = "<!doctype html><html lang=en><title>Camera</title><h1>Camera</h1></html>";

/** No other process has a device of this name. */
export const CAMERA_NAME = `cam-${process.pid}.local`;

/** How many there were: each has an address of its own, in every process. */
let cameras = 0;

/**
 * Starts one under a name, at the usual port of `http:` alone, or of `https:` alone.
 * @param {string} folder for its key
 * @param {string} name
 * @param {"http" | "https"} scheme
 */
export async function startUnpairable(folder, name, scheme) {
  /** @type {string[]} */
  const requests = [];
  /** @type {import("node:http").RequestListener} */
  const answer = ({ method, url }, response) => {
    requests.push(`${method} ${url}`);
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(PAGE);
  };
  const server =
    scheme === "http" ? createPlain(answer) : createSecure(await identity(folder, name), answer);
  cameras += 1;
  // Of the home network that the tests run in; what leads to the loopback is not reached.
  const address = `192.168.177.${1 + ((process.pid * 7 + cameras) % 254)}`;
  await new Promise((resolve) => {
    server.listen(scheme === "http" ? 80 : 443, address, () => resolve(undefined));
  });
  const silence = await announce(name, address);
  return {
    requests,
    stop() {
      silence();
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * @param {string} folder
 * @param {string} name
 */
async function identity(folder, name) {
  await mkdir(folder, { recursive: true });
  const [key, cert] = [join(folder, "camera.key"), join(folder, "camera.pem")];
  await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    ...["-days", "2", "-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`],
    ...["-keyout", key, "-out", cert],
  ]);
  return { key: await readFile(key), cert: await readFile(cert) };
}
