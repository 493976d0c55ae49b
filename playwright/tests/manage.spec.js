// The manager: what is trusted, what may reach it, and what happened.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { EXTENSION, openPairingPage } from "../harness/browser.js";
import { look } from "../harness/look.js";
import { expect, test } from "../harness/stage.js";
import { ADDRESS, pairByPicture } from "../harness/visit.js";

/** @typedef {import("@playwright/test").Page} Page */

const LONG = "a-very-long-name-that-somebody-gave-to-the-printer-on-the-first-floor";

/**
 * Opens the manager.
 * @param {Page} page
 */
async function manage(page) {
  await page.goto(`${EXTENSION}/manage.html`);
  await page.locator('body[data-link="ready"]').waitFor();
}

test("devices are found, renamed, and removed, and the log tells of it", async ({ stage }) => {
  const context = await stage.browser();
  const page = await openPairingPage(context);
  await manage(page);
  await expect(page.locator(".nothing:visible")).toHaveCount(1);
  await look(page, "manage-nothing");

  await pairByPicture(page, stage.device.picture);
  await stage.home.settle("allow", "printer.local", "https://cloud.example");
  await manage(page);
  await page.locator("#search").fill("scan");
  await expect(page.locator("[data-list=devices] li")).toHaveCount(0);
  await look(page, "manage-no-match");
  await page.locator("#search").fill("prin");
  await look(page, "manage-devices");
  await page.getByRole("button", { name: "printer.local" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
  await look(page, "manage-device");

  await page.locator("#petname").fill("a b");
  await expect(page.locator("#rename")).toBeDisabled();
  await look(page, "manage-bad-name");
  await page.locator("#petname").fill(LONG.slice(0, 63));
  await page.locator("#rename").click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`${LONG.slice(0, 63)}.local`);
  await look(page, "manage-renamed");
  expect(await stage.trusted()).toContain(`${LONG.slice(0, 63)}.local`);
  await page.locator("#undo").click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("printer.local");

  await page.locator("#origin").fill("cloud");
  await expect(page.locator("#allow")).toBeDisabled();
  await look(page, "manage-bad-origin");
  await page.locator("#origin").fill("https://photos.example/");
  await page.locator("#allow").click();
  await expect(page.locator("[data-list=origins] li")).toHaveCount(2);
  await look(page, "manage-allowed");
  await page.locator("#undo").click();
  await expect(page.locator("[data-list=origins] li")).toHaveCount(1);
  await page.getByRole("button", { name: "Do not allow" }).click();
  await expect(page.locator("[data-list=origins] li")).toHaveCount(0);
  await page.getByRole("button", { name: "Log" }).click();
  await expect(page.locator("[data-list=log] li").first()).toContainText("cloud.example");
  await expect(page.locator("[data-list=log] li").last()).not.toBeEmpty();
  await look(page, "manage-log");
  const saving = page.waitForEvent("download");
  await page.locator("#export").click();
  const file = await (await saving).path();
  const saved = (await readFile(file, "utf8")).trim().split("\n");
  expect(saved.map((line) => JSON.parse(line).event)).toContain("paired");
  expect(saved.map((line) => JSON.parse(line).number)).toEqual(saved.map((_, at) => at + 1));

  await page.getByRole("button", { name: "Devices", exact: true }).click();
  await page.getByRole("button", { name: "printer.local" }).click();
  await page.locator("#forget").click();
  await look(page, "manage-forget");
  await page.locator("#forget_confirm").click();
  await expect(page.locator(".nothing:visible")).toHaveCount(1);
  expect(await stage.trusted()).toEqual([]);
  await page.goto(ADDRESS).catch(() => {});
  await expect.poll(() => page.url()).toContain("pair.html");
});

test("the manager speaks German", async ({ stage }) => {
  const context = await stage.browser({ language: "de" });
  const page = await openPairingPage(context);
  await pairByPicture(page, stage.device.picture);
  await manage(page);
  await look(page, "de-manage-devices");
  await page.getByRole("button", { name: "printer.local" }).click();
  await look(page, "de-manage-device");
  await page.getByRole("button", { name: "Protokoll" }).click();
  await expect(page.locator("[data-list=log] li").first()).toBeVisible();
  await look(page, "de-manage-log");
});

for (const language of ["en", "de"]) {
  test(`what is trusted is saved, and comes back after consent: ${language}`, async ({ stage }) => {
    const context = await stage.browser({ language });
    const page = await openPairingPage(context);
    await pairByPicture(page, stage.device.picture);
    await manage(page);
    await page.locator("[data-do=show_backup]").click();
    await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
    await page.locator("#new_passphrase").fill("correct horse battery");
    await page.locator("#new_passphrase_again").fill("correct horse");
    await look(page, `${language}-backup-differs`);
    await expect(page.locator("#backup")).toBeDisabled();
    await page.locator("#new_passphrase_again").fill("correct horse battery");
    const saving = page.waitForEvent("download");
    await page.locator("#backup").click();
    const backup = join(stage.home.path, "settle.backup");
    await (await saving).saveAs(backup);
    await expect(page.locator("#new_passphrase")).toHaveValue("");
    await look(page, `${language}-backup-made`);

    await stage.home.settle("revoke", "printer.local");
    expect(await stage.trusted()).toEqual([]);
    await writeFile(join(stage.home.path, "foreign"), "not a backup");
    await page.locator("#file").setInputFiles(join(stage.home.path, "foreign"));
    await page.locator("#passphrase").fill("correct horse battery");
    await page.locator("#open_backup").click();
    await page.locator('body[data-error="backup_foreign"]').waitFor();
    await page.locator("#file").setInputFiles(backup);
    await page.locator("#passphrase").fill("another passphrase");
    await page.locator("#open_backup").click();
    await page.locator('body[data-error="backup_sealed"]').waitFor();
    await look(page, `${language}-backup-sealed`);
    await page.locator("#passphrase").fill("correct horse battery");
    await page.locator("#open_backup").click();
    await expect(page.locator("[data-list=restored] li")).toHaveCount(1);
    await look(page, `${language}-backup-opened`);
    expect(await stage.trusted()).toEqual([]);
    await page.locator("#restore").click();
    await expect(page.locator("[data-text=backup_done]")).toBeVisible();
    await expect.poll(() => stage.trusted()).toContain("printer.local");
  });
}
