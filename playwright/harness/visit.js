// What a user does on the extension's pages, in the words of the tests.

import { expect } from "@playwright/test";

import { backgroundOf, EXTENSION } from "./browser.js";
import { PATIENCE } from "./programs.js";

/** @typedef {import("@playwright/test").Page} Page */
/** @typedef {import("@playwright/test").BrowserContext} BrowserContext */

/** The address of the tests' device. */
export const ADDRESS = "https://printer.local/";

/**
 * Goes to an address that leads to one of the extension's pages instead.
 * @param {Page} page
 * @param {string} address
 * @param {"pair" | "blocked"} which
 */
export async function goAndLandOn(page, address, which) {
  await backgroundOf(page.context());
  await page.goto(address).catch(() => {
    // Playwright reports the navigation that the redirect broke off.
  });
  await arriveAt(page, (url) => url.href.startsWith(`${EXTENSION}/${which}.html`));
  await page.locator(`body[data-page="${which}"]`).waitFor();
}

/**
 * The address of the document that the tab shows.
 * @param {Page} page
 */
export async function addressOf(page) {
  return page.evaluate(() => location.href);
}

/**
 * Waits until the tab shows an address, however it comes there. The document itself is asked:
 * Playwright gives up waiting, or keeps the old address, when a redirect to a page of ours breaks
 * a navigation off.
 * @param {Page} page
 * @param {string | ((url: URL) => boolean)} address
 */
export async function arriveAt(page, address) {
  const arrived =
    typeof address === "string" ? (/** @type {URL} */ { href }) => href === address : address;
  await expect(async () => {
    const { href, state } = await page.evaluate(() => ({
      href: location.href,
      state: document.readyState,
    }));
    expect(arrived(new URL(href)), `arrived, being at ${href}`).toBe(true);
    expect(state).toBe("complete");
  }).toPass({ timeout: PATIENCE, intervals: [20, 50, 100] });
}

/**
 * Pastes a code's text and says that it is to be used.
 * @param {Page} page
 * @param {string} code
 */
export async function giveText(page, code) {
  await page.locator("#code").fill(code);
  await page.locator("#use_code").click();
}

/**
 * Waits for a screen.
 * @param {Page} page
 * @param {string} name
 */
export async function onScreen(page, name) {
  await expect(page.locator(`[data-screen="${name}"]`)).toBeVisible();
}

/**
 * Waits for the fault that the page shows, with words for it and for what to do.
 * @param {Page} page
 * @param {"error" | "trouble"} where
 * @param {string} word
 */
export async function expectFault(page, where, word) {
  await expect(page.locator("body")).toHaveAttribute(`data-${where}`, word);
  const text = where === "error" ? "error_text" : "trouble";
  const next = where === "error" ? "error_next" : "trouble_next";
  await expect(page.locator(`[data-text="${text}"]:visible`)).not.toBeEmpty();
  await expect(page.locator(`[data-text="${next}"]:visible`)).not.toBeEmpty();
}

/**
 * Goes to the device's address, gives the picture of its code, and trusts it.
 * @param {Page} page
 * @param {string} picture
 */
export async function pairByPicture(page, picture) {
  await goAndLandOn(page, ADDRESS, "pair");
  await page.locator('body[data-link="ready"]').waitFor();
  await page.locator("#picture").setInputFiles(picture);
  await onScreen(page, "decision");
  const loaded = page.waitForResponse((response) => response.url() === ADDRESS);
  await page.locator("#trust").click();
  const response = await loaded;
  await arriveAt(page, ADDRESS);
  return response;
}
