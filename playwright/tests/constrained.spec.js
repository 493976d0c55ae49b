// What the bridge authority's key is good for in other hands, by the constraints that the browsers hold against it. The
// same leaves by an authority without constraints open in the same browser, so these tests can fail.

import { makeAuthority, trust } from "../harness/certificates.js";
import { makeProfile } from "../harness/firefox.js";
import { say, visit } from "../harness/firefox-visit.js";
import { expect, test } from "../harness/stage.js";
import { SHOWN, startThief, stealAuthority } from "../harness/thief.js";

/** @typedef {import("../harness/certificates.js").Authority} Authority */

/**
 * A leaf that an authority signs, and an address that it is for.
 * @typedef {{ leaf: string, host: string, listens?: string }} Place
 */

/** @type {Record<string, Place>} */
const OUTSIDE = {
  "a public name": { leaf: "DNS:bank.example", host: "bank.example" },
  "all names below a public one": { leaf: "DNS:*.bank.example", host: "www.bank.example" },
  "an IPv4 address": { leaf: "IP:127.0.0.1", host: "127.0.0.1" },
  "an IPv6 address": { leaf: "IP:::1", host: "[::1]", listens: "::1" },
};
/** That an authority works at all. */
const WITHIN = { leaf: "DNS:nas.local", host: "nas.local" };
/** A whole namespace, which no authority gets from a browser. */
const EVERYTHING = { leaf: "DNS:*.local", host: "nas.local" };
/** Which the browsers are told to find here. */
const NAMES = ["bank.example", "www.bank.example", "nas.local"];

/**
 * Has both authorities sign for the same places, and goes there.
 * @param {{ authorities: { careless: Authority, stolen: Authority }, says: (address: string) => Promise<string>, refusals: { outside: string, everything: string[] } }} browser
 *   `says`: what a tab shows that goes to an address
 */
async function compare({ authorities, says, refusals }) {
  const { careless, stolen } = authorities;
  const shown = async (/** @type {Authority} */ authority, /** @type {Place} */ place) => {
    const thief = await startThief(authority, place.leaf, place.listens);
    const said = await says(`https://${place.host}:${thief.port}/`);
    thief.stop();
    return said;
  };
  for (const [what, place] of Object.entries(OUTSIDE)) {
    expect.soft(await shown(careless, place), `careless: ${what}`).toBe(SHOWN);
    expect.soft(await shown(stolen, place), `stolen: ${what}`).toBe(refusals.outside);
  }
  expect.soft(await shown(stolen, WITHIN)).toBe(SHOWN);
  for (const authority of [careless, stolen]) {
    expect.soft(refusals.everything).toContain(await shown(authority, EVERYTHING));
  }
}

/**
 * An authority without constraints and one with those of Settle's, both in a store that Settle is installed in.
 * @param {string} folder
 * @param {string} store
 */
async function putBoth(folder, store) {
  const careless = await makeAuthority(folder, "careless");
  await trust(store, careless, "careless");
  return { careless, stolen: await stealAuthority(folder, store) };
}

test("Chromium takes nothing for a public name or an address from who has the bridge authority's key", async ({
  stage,
}) => {
  const { home } = stage;
  await home.install();
  const authorities = await putBoth(home.path, home.store);
  const rules = NAMES.map((name) => `MAP ${name} 127.0.0.1`);
  const context = await stage.bareBrowser({
    extension: false,
    more: [`--host-resolver-rules=${rules.join()}`],
  });
  const says = async (/** @type {string} */ address) => {
    // In a tab of its own: the browser's page about a refusal may come after it.
    const page = await context.newPage();
    try {
      await page.goto(address);
      return (await page.locator("body").textContent()) ?? "";
    } catch (error) {
      return /ERR_\w+/.exec(String(error))?.[0] ?? String(error);
    } finally {
      await page.close();
    }
  };
  const refusals = { outside: "ERR_CERT_INVALID", everything: ["ERR_CERT_COMMON_NAME_INVALID"] };
  await compare({ authorities, says, refusals });
});

test("Firefox takes nothing for a public name or an address from who has the bridge authority's key", async ({
  stage,
}) => {
  const { home } = stage;
  const profile = await makeProfile(home);
  await home.install();
  const authorities = await putBoth(home.path, profile);
  const driver = await stage.bareFirefox({
    installs: "nothing",
    preferences: { "network.dns.localDomains": NAMES.join() },
  });
  const says = async (/** @type {string} */ address) => {
    await visit(driver, address);
    const said = await say(driver, () => {
      const { getFailedCertSecurityInfo: failure } = /** @type {any} */ (document);
      return failure ? failure.call(document).errorCodeString : document.body.textContent;
    });
    return said ?? "";
  };
  const refusals = {
    outside: "SEC_ERROR_CERT_NOT_IN_NAME_SPACE",
    everything: ["SSL_ERROR_BAD_CERT_DOMAIN", "SEC_ERROR_BAD_DER"],
  };
  await compare({ authorities, says, refusals });
});
