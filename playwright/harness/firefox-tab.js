// A tab of Firefox, by selenium and geckodriver.

import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "@playwright/test";
import axe from "axe-core";
import { By, error, Key } from "selenium-webdriver";
import firefox from "selenium-webdriver/firefox.js";

import { FIREFOX_EXTENSION } from "./firefox.js";
import { visit } from "./firefox-visit.js";
import { PATIENCE, setting } from "./programs.js";
import { openPopup, Tab } from "./tab.js";

/** @typedef {import("./firefox.js").Driver} Driver */

const SOON = { timeout: PATIENCE, intervals: [20, 50, 100] };

export class FirefoxTab extends Tab {
  /** The tab that a popup is about. */
  #about = "";

  /**
   * @param {Driver} driver
   * @param {string} downloads the folder that this Firefox saves files in
   */
  constructor(driver, downloads) {
    super(FIREFOX_EXTENSION);
    this.driver = driver;
    this.downloads = downloads;
  }

  /** @type {Tab["ask"]} */
  ask(question, input) {
    return this.driver.executeScript(/** @type {any} */ (question), input);
  }

  /** @type {Tab["askWithin"]} */
  async askWithin(question, input) {
    // What selenium runs has an origin of its own.
    const script = `{
      const tell = (said) => { document.documentElement.dataset.said = JSON.stringify(said); };
      delete document.documentElement.dataset.said;
      Promise.resolve((${question})(${JSON.stringify(input) ?? ""})).then(
        (said) => tell({ said }),
        (error) => tell({ error: String(error) }),
      );
    }`;
    await this.ask((text) => {
      const element = document.createElement("script");
      element.textContent = text;
      document.body.append(element);
    }, script);
    const told = this.ask(
      () =>
        /** @type {Promise<string>} */ (
          new Promise((resolve) => {
            const root = document.documentElement;
            const look = () => root.dataset.said && resolve(root.dataset.said);
            new MutationObserver(look).observe(root, { attributes: true });
            look();
          })
        ),
    );
    const { said, error: failed } = JSON.parse(await told);
    if (failed) throw new Error(failed);
    return said;
  }

  /** @param {unknown} thrown */
  isBetweenDocuments(thrown) {
    return thrown instanceof error.WebDriverError;
  }

  /** @param {string} address */
  async go(address) {
    await visit(this.driver, address);
  }

  async reload() {
    await this.driver.navigate().refresh();
  }

  async popup() {
    const about = await this.driver.getWindowHandle();
    await this.driver.switchTo().newWindow("tab");
    await this.open("manage");
    const known = await this.driver.getAllWindowHandles();
    await this.ask(openPopup);
    const fresh = async () => {
      const all = await this.driver.getAllWindowHandles();
      return all.filter((handle) => !known.includes(handle));
    };
    await expect.poll(fresh, SOON).toHaveLength(1);
    const [opened = ""] = await fresh();
    await this.driver.close();
    await this.driver.switchTo().window(opened);
    const popup = new FirefoxTab(this.driver, this.downloads);
    popup.#about = about;
    await popup.marks({ page: "popup", link: "ready" });
    return popup;
  }

  async close() {
    await this.driver.close();
    await this.driver.switchTo().window(this.#about);
  }

  /**
   * The one such element that is seen, once it can be used.
   * @param {string} selector
   */
  async #seen(selector) {
    /** @type {import("selenium-webdriver").WebElement[]} */
    let seen = [];
    const count = async () => {
      const all = await this.driver.findElements(By.css(`${selector}:not(:disabled)`));
      const shown = await Promise.all(all.map((it) => it.isDisplayed().catch(() => false)));
      seen = all.filter((_, at) => shown[at]);
      return seen.length;
    };
    await expect.poll(count, { ...SOON, message: selector }).toBe(1);
    return /** @type {import("selenium-webdriver").WebElement} */ (seen[0]);
  }

  /** @param {string} selector */
  async press(selector) {
    const element = await this.#seen(selector);
    try {
      await element.click();
    } catch (thrown) {
      // It led to a page of the browser's own, as a name that nobody answers for does: what the tab shows is
      // looked at next.
      if (!String(thrown).includes("Reached error page")) throw thrown;
    }
  }

  /**
   * @param {string} selector
   * @param {string} text
   */
  async fill(selector, text) {
    const field = await this.#seen(selector);
    if ((await field.getTagName()) === "select") {
      await field.findElement(By.css(`option[value="${text}"]`)).click();
      return;
    }
    await field.sendKeys(Key.chord(Key.CONTROL, "a"));
    await field.sendKeys(text || Key.BACK_SPACE);
  }

  /**
   * @param {string} selector
   * @param {string} file
   */
  async give(selector, file) {
    await this.driver.findElement(By.css(selector)).sendKeys(file);
  }

  /** @param {"Enter" | "Tab" | "ShiftTab"} key */
  async strike(key) {
    const actions = this.driver.actions();
    if (key === "ShiftTab") {
      await actions.keyDown(Key.SHIFT).sendKeys(Key.TAB).keyUp(Key.SHIFT).perform();
    } else {
      await actions.sendKeys({ Enter: Key.ENTER, Tab: Key.TAB }[key]).perform();
    }
  }

  /** @param {string} text */
  async type(text) {
    await this.driver.actions().sendKeys(text).perform();
  }

  /** @param {string} selector */
  async paste(selector) {
    const field = await this.#seen(selector);
    await field.sendKeys(Key.chord(Key.CONTROL, "v"));
  }

  /** @param {string} selector */
  async save(selector) {
    const names = async () => {
      await mkdir(this.downloads, { recursive: true });
      return readdir(this.downloads);
    };
    const before = await names();
    await this.press(selector);
    let path = "";
    const length = async () => {
      const fresh = (await names()).filter((it) => !before.includes(it));
      // What is still being written has a second file beside it.
      if (fresh.length !== 1) return 0;
      path = join(this.downloads, fresh[0] ?? "");
      return (await stat(path)).size;
    };
    await expect.poll(length, { ...SOON, message: "a saved file" }).toBeGreaterThan(0);
    return path;
  }

  /** @param {string} path */
  async picture(path) {
    await writeFile(path, await this.driver.takeFullPageScreenshot(), "base64");
    return path;
  }

  /** @param {string} state */
  async look(state) {
    const folder = setting("SETTLE_SHOTS");
    await mkdir(folder, { recursive: true });
    await this.picture(join(folder, `${state}-firefox.png`));
    if (!(await this.ask(() => "axe" in window))) await this.driver.executeScript(axe.source);
    const complaints = await this.driver.executeScript(
      `return window.axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
         violations.map(({ id, nodes }) => id + ": " + nodes.map(({ target }) => target.join(" ")).join(", ")));`,
    );
    expect(complaints, `${state}, in Firefox`).toEqual([]);
  }

  async endBackground() {
    await this.driver.setContext(firefox.Context.CHROME);
    try {
      // Of itself Firefox spares one that talks to its host.
      await this.driver.executeScript(
        `const { extension } = WebExtensionPolicy.getByID("extension@settle.alt");
         return extension.terminateBackground({ disableResetIdleForTest: true });`,
      );
    } finally {
      await this.driver.setContext(firefox.Context.CONTENT);
    }
  }
}
