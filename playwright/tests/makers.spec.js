// The list of makers in the manager, and what it adds to a decision: words, and nothing else.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { EXTENSION, openPairingPage } from "../harness/browser.js";
import { look } from "../harness/look.js";
import { built } from "../harness/programs.js";
import { expect, test } from "../harness/stage.js";
import { ADDRESS, arriveAt, giveText } from "../harness/visit.js";

/** @typedef {import("@playwright/test").Page} Page */

const run = promisify(execFile);

/**
 * Puts the maker on the list.
 * @param {Page} page
 * @param {string} certificate
 * @param {{ pattern: string, shot?: string }} options
 */
async function list(page, certificate, { pattern, shot }) {
  await page.goto(`${EXTENSION}/manage.html`);
  await page.locator('body[data-link="ready"]').waitFor();
  await page.locator("[data-do=show_makers]").click();
  await page.locator("#certificate").setInputFiles(certificate);
  await page.locator("#maker_name").fill("Example Works");
  await page.locator("#serial_numbers").fill(pattern);
  if (shot) await look(page, `${shot}-maker-chosen`);
  await page.locator("#add_maker").click();
  await expect(page.locator("[data-list=makers] li")).toHaveCount(1);
  if (shot) await look(page, `${shot}-makers`);
}

/**
 * Gives the device's code.
 * @param {Page} page
 * @param {string} code
 */
async function decide(page, code) {
  await page.goto(`${EXTENSION}/pair.html`);
  await page.locator('body[data-link="ready"]').waitFor();
  await giveText(page, code);
  await page.locator('[data-screen="decision"]').waitFor();
}

for (const language of ["en", "de"]) {
  test(`a maker on the list speaks in the decision: ${language}`, async ({ stage }) => {
    const works = join(stage.home.path, "works");
    const maker = (/** @type {string[]} */ ...args) =>
      run(built("settle-device"), ["maker", ...args], { env: stage.home.environment });
    await maker("ca", "--name", "Example Works", "--directory", works);
    const which = ["--maker", works, "--name", "printer", "--state"];
    const state = join(stage.home.path, "made");
    await maker("device", ...which, state, "--serial-number", "SN-0042");
    await maker("voucher", ...which, state);
    await stage.device.stop();
    await stage.startDevice({ state: "made", isNew: true });

    const context = await stage.browser({ language });
    const page = await openPairingPage(context);
    await page.goto(`${EXTENSION}/manage.html#`);
    await page.locator("[data-do=show_makers]").click();
    await expect(page.locator("[data-part=no_makers]")).toBeVisible();
    await page.locator("#certificate").setInputFiles(join(works, "maker.key"));
    await page.locator('body[data-error="maker_unusable"]').waitFor();
    await list(page, join(works, "maker.pem"), { pattern: "SN-*", shot: language });
    await decide(page, stage.device.code);
    await expect(page.locator("[data-text=made_by]")).toContainText("SN-0042");
    await look(page, `${language}-decision-made`);
    await page.locator("#refuse").click();

    await page.goto(`${EXTENSION}/manage.html`);
    await page.locator('body[data-link="ready"]').waitFor();
    await page.locator("[data-do=show_makers]").click();
    await page.locator("[data-do=remove_maker]").click();
    await expect(page.locator("[data-list=makers] li")).toHaveCount(0);
    await list(page, join(works, "maker.pem"), { pattern: "XX-*" });
    await decide(page, stage.device.code);
    await expect(page.locator("[data-text=maker_warning]")).toContainText("Example Works");
    await look(page, `${language}-decision-not-made`);
    // It warns, and takes no step away.
    await page.locator("#trust").click();
    await arriveAt(page, ADDRESS);
    expect(await stage.trusted()).toContain("printer.local");
  });
}
