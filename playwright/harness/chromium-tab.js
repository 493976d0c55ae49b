// A tab of Chromium, by Playwright.

import { basename, join } from "node:path";

import { EXTENSION } from "./browser.js";
import { look } from "./look.js";
import { openPopup, Tab } from "./tab.js";

/** @typedef {import("@playwright/test").Page} Page */

export class ChromiumTab extends Tab {
  /**
   * @param {Page} page
   * @param {string} downloads a folder
   */
  constructor(page, downloads) {
    super(EXTENSION);
    this.page = page;
    this.downloads = downloads;
  }

  /** @type {Tab["ask"]} */
  ask(question, input) {
    return this.page.evaluate(/** @type {any} */ (question), input);
  }

  /** @type {Tab["askWithin"]} */
  askWithin(question, input) {
    return this.page.evaluate(/** @type {any} */ (question), input);
  }

  /** @param {unknown} thrown */
  isBetweenDocuments(thrown) {
    return /Execution context was destroyed|navigat/.test(String(thrown));
  }

  /** @param {string} address */
  async go(address) {
    await this.page.goto(address).catch(() => {
      // Playwright reports the navigation that a redirect broke off. What the tab shows is looked at next.
    });
  }

  async reload() {
    await this.page.reload();
  }

  async popup() {
    const context = this.page.context();
    const manager = await context.newPage();
    await manager.goto(`${this.base}/manage.html`);
    const opened = context.waitForEvent("page");
    await manager.evaluate(openPopup);
    const popup = new ChromiumTab(await opened, this.downloads);
    await manager.close();
    await popup.marks({ page: "popup", link: "ready" });
    return popup;
  }

  async close() {
    await this.page.close();
  }

  /** @param {string} selector */
  async press(selector) {
    await this.page.locator(selector).filter({ visible: true }).click();
  }

  /**
   * @param {string} selector
   * @param {string} text
   */
  async fill(selector, text) {
    const field = this.page.locator(selector);
    const isChoice = await field.evaluate((element) => element instanceof HTMLSelectElement);
    await (isChoice ? field.selectOption(text) : field.fill(text));
  }

  /**
   * @param {string} selector
   * @param {string} file
   */
  async give(selector, file) {
    await this.page.locator(selector).setInputFiles(file);
  }

  /** @param {"Enter" | "Tab" | "ShiftTab"} key */
  async strike(key) {
    await this.page.keyboard.press(key === "ShiftTab" ? "Shift+Tab" : key);
  }

  /** @param {string} text */
  async type(text) {
    await this.page.keyboard.type(text);
  }

  /** @param {string} selector */
  async paste(selector) {
    await this.page.locator(selector).press("Control+v");
  }

  /** @param {string} selector */
  async save(selector) {
    const saving = this.page.waitForEvent("download");
    await this.press(selector);
    const download = await saving;
    const path = join(this.downloads, basename(download.suggestedFilename()));
    await download.saveAs(path);
    return path;
  }

  /** @param {string} path */
  async picture(path) {
    await this.page.screenshot({ path, fullPage: true });
    return path;
  }

  /** @param {string} state */
  async look(state) {
    await look(this.page, state);
  }

  async endBackground() {
    const session = await this.page.context().newCDPSession(this.page);
    const { targetInfos } = await session.send("Target.getTargets");
    const isOurs = (/** @type {{ type: string, url: string }} */ { type, url }) =>
      type === "service_worker" && url.startsWith(EXTENSION);
    for (const { targetId } of targetInfos.filter(isOurs)) {
      await session.send("Target.closeTarget", { targetId });
    }
    await session.detach();
  }
}
