// Codes that are typed: followed symbol by symbol, and enough to find the device on the network.

import { openPairingPage } from "../harness/browser.js";
import { Device } from "../harness/device.js";
import { look } from "../harness/look.js";
import { expect, test } from "../harness/stage.js";
import { ADDRESS, arriveAt, expectFault, giveText, onScreen } from "../harness/visit.js";

test("a typed code is followed, its wrong group named, and its device found", async ({ stage }) => {
  const page = await openPairingPage(await stage.browser());
  const device = await Device.start(stage.home, stage.site.url, { state: "typed", announce: true });
  try {
    const field = page.locator("#code");
    const said = page.locator("#typed");
    await field.fill(device.typed.slice(0, 14).toLowerCase());
    await expect(said).toHaveText("12 of 32 characters");
    await expect(page.locator("body")).toHaveAttribute("data-typed", "partial");
    await look(page, "typed-partial");

    const third = device.typed[11] === "7" ? "8" : "7";
    await field.fill(device.typed.slice(0, 11) + third + device.typed.slice(12));
    await expect(said).toContainText("Group 3");
    await look(page, "typed-wrong-group");
    await page.locator("#use_code").click();
    await expectFault(page, "error", "code_mistyped");
    // It is there to be mended.
    await expect(field).toHaveValue(/^.{39}$/);
    await look(page, "typed-wrong-used");

    await giveText(page, device.typed);
    await onScreen(page, "decision");
    await page.locator("#trust").click();
    await arriveAt(page, ADDRESS);
    await expect(page.getByRole("heading")).toHaveText("Ready");
  } finally {
    await device.stop();
  }
});

test("a code in words is followed too, in German as well", async ({ stage }) => {
  const page = await openPairingPage(await stage.browser({ language: "de" }));
  const words = stage.device.words.split(" ");
  const field = page.locator("#code");
  const said = page.locator("#typed");
  await field.fill(words.slice(0, 5).join(" "));
  await expect(said).toHaveText("5 von 14 Wörtern");
  await field.fill([...words.slice(0, 5), "zoo", ...words.slice(6)].join(" "));
  await expect(said).toContainText("Wort 6");
  await look(page, "de-typed-wrong-word");
  // The device of the stage announces nothing, so nobody shows this code.
  await giveText(page, stage.device.words);
  await expectFault(page, "error", "no_device_shows");
  await expect(field).toHaveValue("");
  await expect(said).toBeEmpty();
  await look(page, "de-no-device-shows");
});
