// Everything that can go wrong before a pairing: each has its own words, and nothing is stored.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { openPairingPage } from "../harness/browser.js";
import { withOtherSecret } from "../harness/code.js";
import { look } from "../harness/look.js";
import { expect, test } from "../harness/stage.js";
import { expectFault, giveText, onScreen } from "../harness/visit.js";

/** @typedef {import("../harness/stage.js").Stage} Stage */

/** @type {[name: string, word: string, spoil: (code: string) => string][]} */
const BAD_CODES = [
  ["wrong", "proof_failed", withOtherSecret],
  ["truncated", "code_damaged", (code) => code.slice(0, -9)],
  ["foreign", "code_foreign", () => "WIFI:S:guest;T:nopass;;"],
  ["empty", "code_empty", () => "  "],
];

for (const [name, word, spoil] of BAD_CODES) {
  test(`${name} code: the page says so, and nothing is stored`, async ({ stage }) => {
    const page = await openPairingPage(await stage.browser());
    await giveText(page, spoil(stage.device.code));
    await expectFault(page, "error", word);
    await onScreen(page, "ask");
    await look(page, `code-${name}`);
    await expectNothingStored(stage);
  });
}

test("a picture without a code, and no picture at all, are told apart", async ({ stage }) => {
  const page = await openPairingPage(await stage.browser());
  const plain = join(stage.home.path, "plain.png");
  await page.screenshot({ path: plain });
  await page.locator("#picture").setInputFiles(plain);
  await expectFault(page, "error", "picture_without_code");
  const text = join(stage.home.path, "text.png");
  await writeFile(text, "no picture");
  await page.locator("#picture").setInputFiles(text);
  await expectFault(page, "error", "picture_unreadable");
  await expectNothingStored(stage);
});

test("a device that is away: the page says so, and nothing is stored", async ({ stage }) => {
  const page = await openPairingPage(await stage.browser());
  await stage.device.stop();
  await giveText(page, stage.device.code);
  await expectFault(page, "error", "device_not_found");
  await look(page, "device-away");
  await expectNothingStored(stage);
});

test("a locked keyring: the page says so, and goes on once it is unlocked", async ({ stage }) => {
  await stage.home.install();
  await stage.home.make("end-daemon");
  await stage.home.make("lock");
  const page = await openPairingPage(await stage.bareBrowser(), "down");
  await expectFault(page, "trouble", "keyring_locked");
  await look(page, "keyring-locked");
  await stage.home.make("unlock");
  await expect(page.locator("body")).toHaveAttribute("data-link", "ready");
  await expectNothingStored(stage);
});

test("a missing keyring: the page says so, and nothing is stored", async ({ stage }) => {
  await stage.home.install();
  await stage.home.make("end-daemon");
  await stage.home.make("end-keyring");
  const page = await openPairingPage(await stage.bareBrowser(), "down");
  await expectFault(page, "trouble", "keyring_missing");
  await look(page, "keyring-missing");
  await stage.home.make("unlock");
  await expectNothingStored(stage);
});

test("a missing host: the page says what to run, and goes on once that was done", async ({
  stage,
}) => {
  const page = await openPairingPage(await stage.bareBrowser(), "down");
  await expectFault(page, "trouble", "host_missing");
  await expect(page.locator('[data-text="command"]:visible')).toHaveText(/settle install/);
  await look(page, "host-missing");
  await stage.home.install();
  await expect(page.locator("body")).toHaveAttribute("data-link", "ready");
  await expectNothingStored(stage);
});

/** @param {Stage} stage */
async function expectNothingStored(stage) {
  expect(await stage.trusted()).toEqual([]);
  expect(stage.device.paired).toBe(false);
}
