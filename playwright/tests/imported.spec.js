// Devices that know nothing of Settle, trusted by what the user got from them: they open, and where what
// answers is not that, the page says so.

import { join } from "node:path";

import { startImported } from "../harness/imported.js";
import { inBothBrowsers, inChromium } from "../harness/journeys.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */

const NAS = "https://nas.local/";
/** Of no certificate that anybody has. */
const OTHER = "12".repeat(32);

/** @param {Scene} scene */
async function imported({ stage, tab, language }) {
  const folder = (/** @type {string} */ name) => join(stage.home.path, name);
  const [nas, wrong] = await Promise.all([
    startImported(folder("nas"), "nas.local"),
    startImported(folder("wrong"), "camera.local"),
  ]);
  const trust = (/** @type {string[]} */ ...source) =>
    stage.home.settle("import", "--yes", "--name", "nas.local", ...source);
  // Listed is known: the browser's rules are those of the list.
  const listed = async (/** @type {number} */ count) => {
    await tab.open("popup");
    await tab.shows("[data-list] > li", count);
  };
  const forget = async () => {
    // A blocked page goes on by itself when its device is forgotten.
    await listed(1);
    await stage.home.settle("revoke", "nas.local");
    await listed(0);
  };
  try {
    await trust(...nas.where, "--pem", nas.authority);
    await listed(1);
    await tab.look(`${language}-popup-imported`);
    await tab.go(NAS);
    await tab.arrive(NAS);
    await tab.reads("body", "nas");

    await forget();
    await trust(...nas.where, "--fingerprint", OTHER);
    await listed(1);
    await tab.land(NAS, "blocked");
    await tab.marks({ reason: "wrong_certificate" });
    await tab.screen("blocked");
    await tab.look(`${language}-blocked-wrong-certificate`);
    await tab.press("#forget");
    await tab.look(`${language}-blocked-import-anew`);
    await tab.press("#forget_confirm");
    await tab.marks({ page: "import" });
    await tab.holds("#import_name", "nas.local");
    await listed(0);
    await trust(...wrong.where, "--pem", wrong.authority);
    await listed(1);
    await tab.land(NAS, "blocked");
    await tab.marks({ reason: "broken_rule" });
    await tab.look(`${language}-blocked-broken-rule`);
  } finally {
    nas.stop();
    wrong.stop();
  }
}

const TITLE = "an imported device opens, and no other certificate passes for it";

inBothBrowsers("imported devices", { [TITLE]: imported });
inChromium(TITLE, imported, "de");
