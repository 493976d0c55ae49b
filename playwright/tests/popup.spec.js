// The popup: what is trusted, and how to end that.

import { EXTENSION, openPairingPage } from "../harness/browser.js";
import { look } from "../harness/look.js";
import { expect, test } from "../harness/stage.js";
import { ADDRESS, arriveAt, giveText, goAndLandOn, onScreen } from "../harness/visit.js";

test("the popup lists what is trusted and forgets it on a second click", async ({ stage }) => {
  const page = await openPairingPage(await stage.browser());
  await page.goto(`${EXTENSION}/popup.html`);
  await onScreen(page, "overview");
  await look(page, "popup-empty");
  await goAndLandOn(page, ADDRESS, "pair");
  await page.locator('body[data-link="ready"]').waitFor();
  await giveText(page, stage.device.code);
  await onScreen(page, "decision");
  await page.locator("#trust").click();
  await arriveAt(page, ADDRESS);
  await page.goto(`${EXTENSION}/popup.html`);
  const row = page.locator("[data-list] > li");
  await expect(row.locator('[data-text="name"]')).toHaveText(/printer/);
  await look(page, "popup");
  await row.locator('[data-do="forget"]').click();
  expect(await stage.trusted()).toContain("printer.local");
  await row.locator('[data-do="forget_confirm"]').click();
  await expect(row).toHaveCount(0);
  expect(await stage.trusted()).toEqual([]);
});
