// Everything that can go wrong before a pairing: each has its own words, and nothing is stored.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { openPairingPage } from "../harness/browser.js";
import { withOtherSecret } from "../harness/code.js";
import { inBothBrowsers } from "../harness/journeys.js";
import { look } from "../harness/look.js";
import { expect, test } from "../harness/stage.js";
import { expectFault } from "../harness/visit.js";

/** @typedef {import("../harness/stage.js").Stage} Stage */
/** @typedef {import("../harness/journeys.js").Scene} Scene */
/** @typedef {import("../harness/journeys.js").Journey} Journey */

/**
 * @param {string} name
 * @param {string} word
 * @param {(code: string) => string} spoil
 * @returns {Journey}
 */
function badCode(name, word, spoil) {
  return async ({ stage, tab }) => {
    await tab.open("pair");
    await tab.giveText(spoil(stage.device.code));
    await tab.fault("error", word);
    await tab.screen("ask");
    await tab.look(`code-${name}`);
    await expectNothingStored(stage);
  };
}

/** @param {Scene} scene */
async function badPicture({ stage, tab }) {
  await tab.open("pair");
  const plain = await tab.picture(join(stage.home.path, "plain.png"));
  await tab.give("#picture", plain);
  await tab.fault("error", "picture_without_code");
  const text = join(stage.home.path, "text.png");
  await writeFile(text, "no picture");
  await tab.give("#picture", text);
  await tab.fault("error", "picture_unreadable");
  await expectNothingStored(stage);
}

/** @param {Scene} scene */
async function away({ stage, tab }) {
  await tab.open("pair");
  await stage.device.stop();
  await tab.giveText(stage.device.code);
  await tab.fault("error", "device_not_found");
  await tab.look("device-away");
  await expectNothingStored(stage);
}

/** @param {Scene} scene */
async function locked({ stage, tab }) {
  await stage.home.make("end-daemon");
  await stage.home.make("lock");
  await tab.open("pair", "down");
  await tab.fault("trouble", "keyring_locked");
  await tab.look("keyring-locked");
  await stage.home.make("unlock");
  await tab.marks({ link: "ready" });
  await expectNothingStored(stage);
}

/** @param {Scene} scene */
async function noKeyring({ stage, tab }) {
  await stage.home.make("end-daemon");
  await stage.home.make("end-keyring");
  await tab.open("pair", "down");
  await tab.fault("trouble", "keyring_missing");
  await tab.look("keyring-missing");
  await stage.home.make("unlock");
  await expectNothingStored(stage);
}

inBothBrowsers("what goes wrong before a pairing", {
  "wrong code: the page says so, and nothing is stored": badCode(
    "wrong",
    "proof_failed",
    withOtherSecret,
  ),
  "truncated code: the page says so, and nothing is stored": badCode(
    "truncated",
    "code_damaged",
    (code) => code.slice(0, -9),
  ),
  "foreign code: the page says so, and nothing is stored": badCode(
    "foreign",
    "code_foreign",
    () => "WIFI:S:guest;T:nopass;;",
  ),
  "empty code: the page says so, and nothing is stored": badCode("empty", "code_empty", () => "  "),
  "a picture without a code, and no picture at all, are told apart": badPicture,
  "a device that is away: the page says so, and nothing is stored": away,
  "a locked keyring: the page says so, and goes on once it is unlocked": locked,
  "a missing keyring: the page says so, and nothing is stored": noKeyring,
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
