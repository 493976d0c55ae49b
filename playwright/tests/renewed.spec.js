// A bridge authority whose key is in other hands. The thief's is an authority of the same name and constraints as
// Settle's own, in the same store, whose key the test has: that of the real one is sealed.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";

import { openPairingPage, securityState, showsInterstitial } from "../harness/browser.js";
import { expect, test } from "../harness/stage.js";
import { ADDRESS } from "../harness/visit.js";

const run = promisify(execFile);

const NICKNAME = "Settle bridge (this computer only)";
/** A name inside of the constraints that leads to this computer in every browser. */
const NAME = "nas.thief.localhost";

/**
 * A server with a wildcard certificate by the thief's authority, which this home's browsers accept.
 * @param {import("../harness/home.js").Home} home
 */
async function startThief(home) {
  const file = (/** @type {string} */ name) => join(home.path, name);
  const make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const [authority, authorityKey] = [file("stolen.crt"), file("stolen.key")];
  await run("openssl", [
    ...[...make, "-subj", `/CN=${NICKNAME}`, "-days", "2", "-keyout", authorityKey],
    ...["-addext", "nameConstraints=critical,permitted;DNS:local,permitted;DNS:localhost"],
    ...["-out", authority],
  ]);
  const [cert, key] = [file("thief.crt"), file("thief.key")];
  await run("openssl", [
    ...[...make, "-subj", "/CN=thief", "-days", "2", "-keyout", key, "-out", cert],
    ...["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"],
    ...[
      "-addext",
      "subjectAltName=DNS:*.thief.localhost",
      "-CA",
      authority,
      "-CAkey",
      authorityKey,
    ],
  ]);
  const store = `sql:${file(".local/share/pki/nssdb")}`;
  await run("certutil", ["-A", "-d", store, "-n", NICKNAME, "-t", "C,,", "-i", authority]);
  const server = createServer(
    { cert: await readFile(cert), key: await readFile(key) },
    (_, response) => response.end("what the thief shows"),
  );
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { address: `https://${NAME}:${port}/`, stop };
}

test("after a renewal the browser accepts nothing of the former authority, and opens devices as before", async ({
  stage,
}) => {
  const { home, device } = stage;
  await home.settle("pair", device.code, "--yes");
  await home.install();
  const thief = await startThief(home);
  const before = await stage.bareBrowser();
  const page = await openPairingPage(before);
  expect((await page.goto(thief.address))?.status()).toBe(200);
  expect(await securityState(page)).toBe("secure");
  await before.close();

  await home.settle("renew");
  const after = await openPairingPage(await stage.bareBrowser());
  await expect(after.goto(thief.address)).rejects.toThrow("ERR_CERT_AUTHORITY_INVALID");
  expect(await showsInterstitial(after)).toBe(true);
  expect((await after.goto(ADDRESS))?.status()).toBe(200);
  expect(await securityState(after)).toBe("secure");
  thief.stop();
});
