// Devices that know nothing of Settle, trusted by what the user got from them: they open, and where what
// answers is not that, the page says so.

import { join } from "node:path";

import { EXTENSION, openPairingPage } from "../harness/browser.js";
import { startImported } from "../harness/imported.js";
import { look } from "../harness/look.js";
import { expect, test } from "../harness/stage.js";
import { arriveAt, goAndLandOn, onScreen } from "../harness/visit.js";

const NAS = "https://nas.local/";
/** Of no certificate that anybody has. */
const OTHER = "12".repeat(32);

for (const language of ["en", "de"]) {
  test(`an imported device opens, and no other certificate passes for it: ${language}`, async ({
    stage,
  }) => {
    const page = await openPairingPage(await stage.browser({ language }));
    const folder = (/** @type {string} */ name) => join(stage.home.path, name);
    const [nas, wrong] = await Promise.all([
      startImported(folder("nas"), "nas.local"),
      startImported(folder("wrong"), "camera.local"),
    ]);
    const trust = (/** @type {string[]} */ ...source) =>
      stage.home.settle("import", "--yes", "--name", "nas.local", ...source);
    // Listed is known: the browser's rules are those of the list.
    const listed = async (/** @type {number} */ count) => {
      await page.goto(`${EXTENSION}/popup.html`);
      await expect(page.locator("[data-list] > li")).toHaveCount(count);
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
      await look(page, `${language}-popup-imported`);
      await page.goto(NAS);
      await arriveAt(page, NAS);
      await expect(page.locator("body")).toHaveText("nas");

      await forget();
      await trust(...nas.where, "--fingerprint", OTHER);
      await listed(1);
      await goAndLandOn(page, NAS, "blocked");
      await expect(page.locator("body")).toHaveAttribute("data-reason", "wrong_certificate");
      await onScreen(page, "blocked");
      await look(page, `${language}-blocked-wrong-certificate`);

      await forget();
      await trust(...wrong.where, "--pem", wrong.authority);
      await listed(1);
      await goAndLandOn(page, NAS, "blocked");
      await expect(page.locator("body")).toHaveAttribute("data-reason", "broken_rule");
      await look(page, `${language}-blocked-broken-rule`);
    } finally {
      nas.stop();
      wrong.stop();
    }
  });
}
