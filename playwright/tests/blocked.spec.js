// What happens when the way to a paired device is not safe, or not there.

import { openPairingPage } from "../harness/browser.js";
import { look } from "../harness/look.js";
import { expect, test } from "../harness/stage.js";
import { ADDRESS, arriveAt, goAndLandOn, onScreen, pairByPicture } from "../harness/visit.js";

test("a twin with the same name and address is never reached", async ({ stage }) => {
  const page = await openPairingPage(await stage.browser());
  await pairByPicture(page, stage.device.picture);
  await page.goto("about:blank");
  await stage.replaceByTwin();
  const before = stage.site.requests.length;
  await goAndLandOn(page, ADDRESS, "blocked");
  await expect(page.locator("body")).toHaveAttribute("data-reason", "wrong_key");
  await onScreen(page, "blocked");
  for (const text of ["blocked_title", "blocked_text", "blocked_next", "expected", "seen"]) {
    await expect(page.locator(`[data-text="${text}"]:visible`)).not.toBeEmpty();
  }
  const keys = page.locator('[data-text="expected"]:visible, [data-text="seen"]:visible');
  const [expected, seen] = await keys.allTextContents();
  expect(seen).not.toBe(expected);
  await look(page, "blocked-twin");
  await page.locator("#retry").click();
  await expect(page.locator("body")).toHaveAttribute("data-reason", "wrong_key");
  expect(stage.site.requests.length, "requests that reached the twin").toBe(before);
});

test("a device that is away is said to be away, and opens when it is back", async ({ stage }) => {
  const page = await openPairingPage(await stage.browser());
  await pairByPicture(page, stage.device.picture);
  await page.goto("about:blank");
  const { address } = stage.device;
  await stage.device.stop();
  await goAndLandOn(page, ADDRESS, "blocked");
  await expect(page.locator("body")).toHaveAttribute("data-reason", "unreachable");
  await look(page, "blocked-away");
  await stage.startDevice({ listen: address });
  await page.locator("#retry").click();
  await arriveAt(page, ADDRESS);
  await expect(page.getByRole("heading")).toHaveText("Ready");
});

test("a device that was forgotten is unpaired at once", async ({ stage }) => {
  const page = await openPairingPage(await stage.browser());
  await pairByPicture(page, stage.device.picture);
  await stage.home.settle("revoke", "printer.local");
  await goAndLandOn(page, ADDRESS, "pair");
  await onScreen(page, "ask");
  expect(await stage.trusted()).toEqual([]);
});
