// The decision: who it is, what trusting it means, and that nothing happens without consent.

import { openPairingPage } from "../harness/browser.js";
import { Device } from "../harness/device.js";
import { look } from "../harness/look.js";
import { expect, test } from "../harness/stage.js";
import { ADDRESS, arriveAt, giveText, onScreen, pairByPicture } from "../harness/visit.js";

test("a pasted code leads to a decision that says who it is", async ({ stage }) => {
  const page = await openPairingPage(await stage.browser());
  await look(page, "pairing-page");
  await giveText(page, stage.device.code.toLowerCase());
  await onScreen(page, "decision");
  for (const text of ["label", "kind", "unique_name", "fingerprint", "scope", "role", "proof"]) {
    await expect(page.locator(`[data-text="${text}"]:visible`)).not.toBeEmpty();
  }
  await expect(page.locator('[data-text="label"]:visible')).toHaveText("printer");
  await look(page, "decision");
});

test("consent is never the default", async ({ stage }) => {
  const page = await openPairingPage(await stage.browser());
  await giveText(page, stage.device.code);
  await onScreen(page, "decision");
  await expect(page.locator("#trust")).toBeEnabled();
  await expect(page.locator("#trust")).not.toBeFocused();
  expect(
    await page.evaluate(() => document.activeElement?.closest('[data-screen="decision"]')),
  ).not.toBe(null);
  await page.keyboard.press("Enter");
  await onScreen(page, "decision");
  expect(stage.device.paired).toBe(false);
  expect(await stage.trusted()).toEqual([]);
});

test("a refusal leaves nothing on either side", async ({ stage }) => {
  const page = await openPairingPage(await stage.browser());
  await giveText(page, stage.device.code);
  await onScreen(page, "decision");
  await page.locator("#refuse").click();
  await expect(page.locator("body")).toHaveAttribute("data-outcome", "refused");
  await look(page, "refused");
  expect(await stage.trusted()).toEqual([]);
  expect(stage.device.paired).toBe(false);
});

test("a page that is left at the decision has refused", async ({ stage }) => {
  const page = await openPairingPage(await stage.browser());
  await giveText(page, stage.device.code);
  await onScreen(page, "decision");
  await page.goto("about:blank");
  expect(await stage.trusted()).toEqual([]);
  expect(stage.device.paired).toBe(false);
});

test("a second device of the same name needs a name of its own", async ({ stage }) => {
  const page = await openPairingPage(await stage.browser());
  await pairByPicture(page, stage.device.picture);
  const other = await Device.start(stage.home, stage.site.url, { state: "other" });
  try {
    await openPairingPage(page.context());
    await giveText(page, other.code);
    await onScreen(page, "decision");
    await expect(page.locator("#trust")).toBeDisabled();
    await expect(page.locator('[data-text="petname_problem"]:visible')).not.toBeEmpty();
    await look(page, "decision-name-taken");
    await page.locator("#petname").fill("upstairs");
    await page.locator("#trust").click();
    await arriveAt(page, "https://upstairs.local/");
    await page.goto(ADDRESS);
    expect(await stage.trusted()).toEqual(
      expect.arrayContaining(["printer.local", "upstairs.local"]),
    );
  } finally {
    await other.stop();
  }
});
