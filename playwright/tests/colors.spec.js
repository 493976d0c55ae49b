// A system that has colors of its own, or is asked for more contrast: what is chosen, what comes first and what cannot be
// pressed are told apart there too. In Chromium alone, which can be told that the system is such a one.

import { EXTENSION, openPairingPage } from "../harness/browser.js";
import { complaints, turn } from "../harness/look.js";
import { expect, test } from "../harness/stage.js";

/** @typedef {import("@playwright/test").Page} Page */

const PASSPHRASE = "correct horse battery";

/**
 * What a button looks like, but for its text: its colors, and its border.
 * @param {Page} page
 * @param {string} selector
 */
async function looksOf(page, selector) {
  return page.locator(selector).evaluate((element) => {
    const { backgroundColor, borderTopStyle, borderTopWidth, boxShadow } =
      getComputedStyle(element);
    const border = `${borderTopWidth} ${borderTopStyle}`;
    return { border, whole: `${border} ${backgroundColor} ${boxShadow}` };
  });
}

/** @param {Page} page */
async function toldApart(page) {
  const chosen = await looksOf(page, "[data-current=at_backup]");
  const other = await looksOf(page, "[data-current=at_log]");
  expect.soft(chosen.whole).not.toBe(other.whole);
  const closed = await looksOf(page, "#backup");
  await page.locator("#new_passphrase").fill(PASSPHRASE);
  await page.locator("#new_passphrase_again").fill(PASSPHRASE);
  const first = await looksOf(page, "#backup:enabled");
  expect.soft(first.whole).not.toBe(other.whole);
  // By more than by a color.
  expect.soft(first.border).not.toBe(closed.border);
  await page.locator("#new_passphrase_again").fill("");
}

for (const [name, view] of /** @type {const} */ ([
  ["the system's own colors", { name: "forced", forced: true }],
  ["more contrast", { name: "more", more: true }],
])) {
  test(`what is chosen, comes first or cannot be pressed is seen in ${name}`, async ({ stage }) => {
    const page = await openPairingPage(await stage.browser());
    for (const dark of [false, true]) {
      await turn(page, { ...view, dark });
      await page.goto(`${EXTENSION}/pair.html`);
      await page.locator('body[data-link="ready"]').waitFor();
      expect.soft(await complaints(page, ["color-contrast-enhanced"])).toEqual([]);
      await page.goto(`${EXTENSION}/manage.html`);
      await page.locator('body[data-link="ready"]').waitFor();
      await page.locator("[data-do=show_backup]").click();
      await toldApart(page);
      expect.soft(await complaints(page, ["color-contrast-enhanced"])).toEqual([]);
    }
  });
}
