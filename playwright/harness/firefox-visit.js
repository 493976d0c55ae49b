// What a user does in Firefox, in the words of the tests.

import { expect } from "@playwright/test";
import { By, error } from "selenium-webdriver";

import { PATIENCE } from "./programs.js";

/** @typedef {import("./firefox.js").Driver} Driver */

/**
 * Goes to an address, which may lead to a page of the extension, or to nothing.
 * @param {Driver} driver
 * @param {string} address
 */
export async function visit(driver, address) {
  try {
    await driver.get(address);
  } catch (thrown) {
    // A navigation that is broken off, or that ends at a page of the browser's own: what the tab
    // shows is looked at next.
    if (!(thrown instanceof error.WebDriverError)) throw thrown;
  }
}

/**
 * What the tab's document says; nothing while one document gives way to the next.
 * @template T
 * @param {Driver} driver
 * @param {() => T} question
 * @returns {Promise<T | undefined>}
 */
export async function say(driver, question) {
  try {
    return await driver.executeScript(question);
  } catch (thrown) {
    if (!(thrown instanceof error.WebDriverError)) throw thrown;
    return undefined;
  }
}

/**
 * Waits until the tab shows an address.
 * @param {Driver} driver
 * @param {string} address
 */
export async function arriveIn(driver, address) {
  const where = () => say(driver, () => [location.href, document.readyState]);
  await expect.poll(where, { timeout: PATIENCE }).toEqual([address, "complete"]);
}

/**
 * Waits until the page of the extension says these things of itself.
 * @param {Driver} driver
 * @param {Record<string, string>} marks
 */
export async function onPage(driver, marks) {
  const said = async () => (await say(driver, () => ({ ...document.body.dataset }))) ?? {};
  await expect.poll(said, { timeout: PATIENCE }).toMatchObject(marks);
}

/**
 * Gives a code as text, and trusts the device.
 * @param {Driver} driver
 * @param {string} code
 */
export async function giveCode(driver, code) {
  await driver.findElement(By.id("code")).sendKeys(code);
  await driver.findElement(By.id("use_code")).click();
  const trust = await driver.findElement(By.id("trust"));
  await expect.poll(() => trust.isDisplayed(), { timeout: PATIENCE }).toBe(true);
  await trust.click();
}
