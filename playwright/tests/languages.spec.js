// The same in German: every state once, to be looked at.

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

test("every page speaks German where the browser does", async ({ stage }) => {
  const page = await openPairingPage(await stage.browser({ language: "de" }));
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  await look(page, "de-pairing-page");
  await giveText(page, "WIFI:S:guest;T:nopass;;");
  await expectFault(page, "error", "code_foreign");
  await look(page, "de-code-foreign");
  await goAndLandOn(page, ADDRESS, "pair");
  await page.locator('body[data-link="ready"]').waitFor();
  await giveText(page, stage.device.code);
  await onScreen(page, "decision");
  await look(page, "de-decision");
  await page.locator("#trust").click();
  await arriveAt(page, ADDRESS);
  await page.goto(`${EXTENSION}/popup.html`);
  await expect(page.locator("[data-list] > li")).toHaveCount(1);
  await look(page, "de-popup");
  await stage.replaceByTwin();
  await goAndLandOn(page, ADDRESS, "blocked");
  await look(page, "de-blocked");
});
