// A device takes a new key: nobody notices, unless the key that is trusted does not vouch for it.

import { openPairingPage } from "../harness/browser.js";
import { look } from "../harness/look.js";
import { built, Program } from "../harness/programs.js";
import { expect, test } from "../harness/stage.js";
import { ADDRESS, arriveAt, goAndLandOn, onScreen, pairByPicture } from "../harness/visit.js";

/** @param {import("../harness/stage.js").Stage} stage */
async function trustedKey(stage) {
  const listed = JSON.parse(await stage.home.settle("list", "--json"));
  return /** @type {string} */ (listed.devices[0].fingerprint);
}

test("a page keeps opening with no word while its device takes new keys", async ({ stage }) => {
  const page = await openPairingPage(await stage.browser());
  await pairByPicture(page, stage.device.picture);
  await page.goto(ADDRESS);
  await expect(page.getByRole("heading")).toHaveText("Ready");
  await page.evaluate(() => localStorage.setItem("paper", "A4"));
  const before = await trustedKey(stage);
  for (const how of ["once", "again"]) {
    const key = await stage.device.rollOver();
    const response = await page.reload();
    expect(response?.status(), how).toBe(200);
    await arriveAt(page, ADDRESS);
    await expect(page.getByRole("heading")).toHaveText("Ready");
    await expect.poll(() => trustedKey(stage)).toBe(key);
    // The page is of the same origin, and has what it kept.
    expect(await page.evaluate(() => localStorage.getItem("paper"))).toBe("A4");
  }
  expect(await trustedKey(stage)).not.toBe(before);
});

test("a new key that the trusted one does not vouch for is blocked", async ({ stage }) => {
  const page = await openPairingPage(await stage.browser());
  await pairByPicture(page, stage.device.picture);
  await page.goto("about:blank");
  const before = await trustedKey(stage);
  const { address, state, uniqueName } = stage.device;
  await stage.device.stop();
  const forger = new Program(built("settle-forger"), [state, uniqueName, address]);
  await forger.line("forger");
  await goAndLandOn(page, ADDRESS, "blocked");
  await expect(page.locator("body")).toHaveAttribute("data-reason", "rollover_refused");
  await onScreen(page, "blocked");
  for (const text of ["blocked_title", "blocked_text", "blocked_next", "expected", "seen"]) {
    await expect(page.locator(`[data-text="${text}"]:visible`)).not.toBeEmpty();
  }
  const keys = page.locator('[data-text="expected"]:visible, [data-text="seen"]:visible');
  const [expected, seen] = await keys.allTextContents();
  expect(seen).not.toBe(expected);
  await look(page, "blocked-rollover");
  expect(await trustedKey(stage)).toBe(before);
  await forger.stop();
});
