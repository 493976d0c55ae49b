// The manager: what is trusted, what may reach it, and what happened.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { inBothBrowsers, inChromium } from "../harness/journeys.js";
import { expect } from "../harness/stage.js";
import { ADDRESS } from "../harness/visit.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */

const LONG = "a-very-long-name-that-somebody-gave-to-the-printer-on-the-first-floor";
const PASSPHRASE = "correct horse battery";

/** @param {Scene} scene */
async function care({ stage, tab }) {
  await tab.open("manage");
  await tab.shows(".nothing");
  await tab.look("manage-nothing");

  await tab.pair(stage.device.picture);
  await stage.home.settle("allow", "printer.local", "https://cloud.example");
  await tab.open("manage");
  await tab.fill("#search", "scan");
  await tab.shows("[data-list=devices] li", 0);
  await tab.look("manage-no-match");
  await tab.fill("#search", "prin");
  await tab.look("manage-devices");
  await tab.press("[data-list=devices] button");
  await tab.reads("h1:focus", "printer.local");
  await tab.look("manage-device");

  await tab.fill("#petname", "a b");
  await tab.shows("#rename:disabled");
  await tab.look("manage-bad-name");
  await tab.fill("#petname", LONG.slice(0, 63));
  await tab.press("#rename");
  await tab.reads("h1", `${LONG.slice(0, 63)}.local`);
  await tab.look("manage-renamed");
  expect(await stage.trusted()).toContain(`${LONG.slice(0, 63)}.local`);
  await tab.press("#undo");
  await tab.reads("h1", "printer.local");

  await tab.copies("dd:has(#copy_fingerprint)", "#origin");
  await tab.fill("#origin", "cloud");
  await tab.shows("#allow:disabled");
  await tab.look("manage-bad-origin");
  await tab.fill("#origin", "https://photos.example/");
  await tab.press("#allow");
  await tab.shows("[data-list=origins] li", 2);
  await tab.look("manage-allowed");
  await tab.press("#undo");
  await tab.shows("[data-list=origins] li", 1);
  await tab.press("[data-do=deny]");
  await tab.shows("[data-list=origins] li", 0);

  await tab.press("[data-do=show_log]");
  await tab.reads("[data-list=log] li:first-of-type", /cloud\.example/);
  await tab.tells("[data-list=log] li:last-of-type");
  await tab.look("manage-log");
  const saved = (await readFile(await tab.save("#export"), "utf8")).trim().split("\n");
  expect(saved.map((line) => JSON.parse(line).event)).toContain("paired");
  expect(saved.map((line) => JSON.parse(line).number)).toEqual(saved.map((_, at) => at + 1));

  await tab.press("[data-do=show_devices]");
  await tab.press("[data-list=devices] button");
  await tab.press("#forget");
  await tab.look("manage-forget");
  await tab.press("#forget_confirm");
  await tab.shows(".nothing");
  expect(await stage.trusted()).toEqual([]);
  await tab.land(ADDRESS, "pair");
}

/** @param {Scene} scene */
async function save({ stage, tab, language }) {
  await tab.pair(stage.device.picture);
  await tab.open("manage");
  await tab.press("[data-do=show_backup]");
  await tab.shows("h1:focus");
  await tab.fill("#new_passphrase", PASSPHRASE);
  await tab.fill("#new_passphrase_again", "correct horse");
  await tab.look(`${language}-backup-differs`);
  await tab.shows("#backup:disabled");
  await tab.fill("#new_passphrase_again", PASSPHRASE);
  const backup = await tab.save("#backup");
  await tab.holds("#new_passphrase", "");
  await tab.look(`${language}-backup-made`);

  await stage.home.settle("revoke", "printer.local");
  expect(await stage.trusted()).toEqual([]);
  const foreign = join(stage.home.path, "foreign");
  await writeFile(foreign, "not a backup");
  await tab.give("#file", foreign);
  await tab.fill("#passphrase", PASSPHRASE);
  await tab.press("#open_backup");
  await tab.marks({ error: "backup_foreign" });
  await tab.give("#file", backup);
  await tab.fill("#passphrase", "another passphrase");
  await tab.press("#open_backup");
  await tab.marks({ error: "backup_sealed" });
  await tab.look(`${language}-backup-sealed`);
  await tab.fill("#passphrase", PASSPHRASE);
  await tab.press("#open_backup");
  await tab.shows("[data-list=restored] li", 1);
  await tab.look(`${language}-backup-opened`);
  expect(await stage.trusted()).toEqual([]);
  await tab.press("#restore");
  await tab.tells("[data-text=backup_done]");
  await expect.poll(() => stage.trusted()).toContain("printer.local");
}

/** @param {Scene} scene */
async function walkThrough({ stage, tab, language }) {
  await tab.pair(stage.device.picture);
  await tab.open("manage");
  await tab.look(`${language}-manage-devices`);
  await tab.press("[data-list=devices] button");
  await tab.look(`${language}-manage-device`);
  await tab.press("[data-do=show_log]");
  await tab.tells("[data-list=log] li:first-of-type");
  await tab.look(`${language}-manage-log`);
}

const SAVED = "what is trusted is saved, and comes back after consent";

inBothBrowsers("the manager", {
  "devices are found, renamed, and removed, and the log tells of it": care,
  [SAVED]: save,
});
inChromium(SAVED, save, "de");
inChromium("the manager's pages", walkThrough, "de");
