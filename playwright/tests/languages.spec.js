// The same in every language: every state once, to be looked at. In Chromium alone, since the tests' Firefox has no language
// packs; the texts, and how they come to their places, are the same there.

import { EXTENSION, openPairingPage } from "../harness/browser.js";
import { look } from "../harness/look.js";
import { expect, test } from "../harness/stage.js";
import {
  ADDRESS,
  arriveAt,
  expectFault,
  giveText,
  goAndLandOn,
  onScreen,
} from "../harness/visit.js";

/** @typedef {import("../harness/stage.js").Stage} Stage */

for (const language of ["de", "es", "fr", "ja"]) {
  test(`every page speaks the browser's language: ${language}`, ({ stage }) =>
    everyPage(stage, language));
}

/**
 * @param {Stage} stage
 * @param {string} language
 */
async function everyPage(stage, language) {
  const page = await openPairingPage(await stage.browser({ language }));
  await expect(page.locator("html")).toHaveAttribute("lang", language);
  await look(page, `${language}-pairing-page`);
  await giveText(page, "WIFI:S:guest;T:nopass;;");
  await expectFault(page, "error", "code_foreign");
  await look(page, `${language}-code-foreign`);
  await goAndLandOn(page, ADDRESS, "pair");
  await page.locator('body[data-link="ready"]').waitFor();
  await giveText(page, stage.device.code);
  await onScreen(page, "decision");
  await look(page, `${language}-decision`);
  await page.locator("#trust").click();
  await arriveAt(page, ADDRESS);
  await page.goto(`${EXTENSION}/popup.html`);
  await expect(page.locator("[data-list] > li")).toHaveCount(1);
  await look(page, `${language}-popup`);
  await stage.replaceByTwin();
  await goAndLandOn(page, ADDRESS, "blocked");
  await look(page, `${language}-blocked`);
}
