// DNS rebinding: a name of the Internet that comes to lead to a device's address. It is no local name, so it goes past
// the verifying proxy, straight to the device's port. Site and device are both on the loopback, so that nothing
// of the browser's own (Local Network Access) is in the attacker's way.

import { createServer } from "node:http";

import { openPairingPage } from "../harness/browser.js";
import { makeCertificate, rebind, VICTIM } from "../harness/rebound.js";
import { expect, test } from "../harness/stage.js";
import { ADDRESS } from "../harness/visit.js";

const SECRET = "what the interface shows to its user alone";

/** A web interface of the usual kind: it trusts who gets to its port. */
async function startUnprotected() {
  const server = createServer((_, response) => response.end(SECRET));
  await new Promise((resolve) => server.listen(0, VICTIM, () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { port, stop: () => server.close() };
}

/**
 * The device of the stage, where a name can be rebound to, and paired with the stage's browser.
 * @param {import("../harness/stage.js").Stage} stage
 */
async function pairAtVictims(stage) {
  await stage.device.stop();
  await stage.startDevice({ state: "elsewhere", listen: `${VICTIM}:0` });
  await stage.home.settle("pair", stage.device.code, "--yes");
  return Number(new URL(`https://${stage.device.address}`).port);
}

test("a name of the Internet that is rebound to a device's address reads nothing of it", async ({
  stage,
}) => {
  const port = await pairAtVictims(stage);
  const certificate = await makeCertificate(stage.home.path);
  const context = await stage.browser({ more: certificate.browserArguments });
  const own = await openPairingPage(context);
  // The device is open in this very browser, over connections that show the user's key.
  expect((await own.goto(`${ADDRESS}jobs`))?.status()).toBe(200);

  for (const scheme of /** @type {const} */ (["https", "http"])) {
    const path = `/rebound-by-${scheme}`;
    const got = await rebind(context, { scheme, port, path, certificate });
    expect.soft(got, scheme).toEqual({ error: "TypeError: Failed to fetch" });
    expect.soft(stage.site.requests).not.toContain(path);
  }
  expect((await own.reload())?.status()).toBe(200);

  const unprotected = await startUnprotected();
  const victim = { scheme: /** @type {const} */ ("http"), port: unprotected.port, path: "/" };
  const got = await rebind(context, { ...victim, certificate });
  expect(got).toEqual({ status: 200, body: SECRET });
  unprotected.stop();
});

test("a rebound name whose certificate nobody minds reads what the device tells strangers", async ({
  stage,
}) => {
  const port = await pairAtVictims(stage);
  const certificate = await makeCertificate(stage.home.path);
  const context = await stage.browser({ more: ["--ignore-certificate-errors"] });
  const got = await rebind(context, { scheme: "https", port, path: "/jobs", certificate });
  expect(got).toMatchObject({ status: 403 });
  expect(got.body).toContain("This browser is not paired");
  expect(stage.site.requests).not.toContain("/jobs");
});
