// Devices that know nothing of Settle, trusted in the browser by what the user got from them: nothing is trusted
// without consent, only that certificate opens, and it can be taken back.

import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { startImported } from "../harness/imported.js";
import { inBothBrowsers, inChromium } from "../harness/journeys.js";
import { expect } from "../harness/stage.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */

/**
 * Serves `nas.local`, and goes there: to the page on which it can be imported.
 * @param {Scene} scene
 * @param {(nas: Awaited<ReturnType<typeof startImported>>, address: string) => Promise<void>} journey
 */
async function onTheWay({ stage, tab }, journey) {
  const nas = await startImported(join(stage.home.path, "nas"), "nas.local");
  const address = `https://nas.local:${nas.where[1]}/`;
  try {
    await tab.land(address, "pair");
    await tab.marks({ link: "ready" });
    await tab.press("#import");
    await tab.marks({ page: "import", link: "ready" });
    await tab.holds("#import_name", "nas.local");
    await tab.fill("#import_place", nas.where[3] ?? "");
    await journey(nas, address);
  } finally {
    nas.stop();
  }
}

/** @param {Scene} scene */
async function byCertificate(scene) {
  const { stage, tab, language } = scene;
  await onTheWay(scene, async (nas, address) => {
    await tab.shows("#read_import:disabled");
    await tab.fill("#import_source", "12:34");
    await tab.tells('[data-text="import_source_problem"]');
    await tab.look(`${language}-import-problem`);
    const pem = await readFile(nas.authority, "utf8");
    await tab.fill("#import_source", "-----BEGIN CERTIFICATE-----");
    await tab.press("#read_import");
    await tab.fault("error", "import_unusable");
    await tab.fill("#import_source", pem);
    await tab.look(`${language}-import`);
    await tab.press("#read_import");
    await tab.screen("decision");
    const digits = new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();
    await tab.reads('[data-text="fingerprint"]', (digits.match(/.{4}/g) ?? []).join(" "));
    await tab.tells('[data-text="fingerprint_words"]');
    await tab.shows("#trust:focus", 0);
    await tab.look(`${language}-import-decision`);
    expect(await stage.trusted()).toEqual([]);
    await tab.press("#refuse");
    await tab.screen("import");
    expect(await stage.trusted()).toEqual([]);
    await tab.press("#read_import");
    await tab.screen("decision");
    await tab.press("#trust");
    await tab.arrive(address);
    await tab.reads("body", "nas");
    expect(await tab.ask(() => isSecureContext)).toBe(true);

    await tab.open("manage");
    await tab.press('[data-list="devices"] .name');
    await tab.reads('[data-text="device_title"]', "nas.local");
    await tab.look(`${language}-manage-imported`);
    await tab.press("#forget");
    await tab.press("#forget_confirm");
    await tab.screen("overview");
    await tab.shows('[data-list="devices"] > li', 0);
    await tab.land(address, "pair");
  });
}

/** @param {Scene} scene */
async function byFingerprint(scene) {
  const { tab } = scene;
  await onTheWay(scene, async (_, address) => {
    // Of no certificate that anybody has.
    await tab.fill("#import_source", "12".repeat(32));
    await tab.press("#read_import");
    await tab.screen("decision");
    await tab.press("#trust");
    await tab.marks({ page: "blocked", reason: "wrong_certificate" });
    await tab.go("about:blank");
    await tab.land(address, "blocked");
  });
}

inBothBrowsers("imports in the browser", {
  "a device opens by its authority's certificate, once the user has consented": byCertificate,
  "no other certificate than that of the fingerprint opens": byFingerprint,
});
inChromium("an import", byCertificate, "de");
