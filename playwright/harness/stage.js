// The stage of a test: home, web interface, device and browser, taken down in the end; and no test
// passes in which the network was asked for a local name.

import { join } from "node:path";

import { test as base, expect } from "@playwright/test";

import { startApp } from "./app.js";
import { openPairingPage, startBrowser } from "./browser.js";
import { ChromiumTab } from "./chromium-tab.js";
import { startCups } from "./cups.js";
import { Device } from "./device.js";
import { localQuestions } from "./dns.js";
import { forgetBridge, makeProfile, startFirefox } from "./firefox.js";
import { FirefoxTab } from "./firefox-tab.js";
import { Home } from "./home.js";
import { startSite } from "./site.js";
import { startTransmission } from "./transmission.js";

/** @typedef {import("@playwright/test").BrowserContext} BrowserContext */
/** @typedef {import("./firefox.js").Driver} Driver */
/** @typedef {Awaited<ReturnType<typeof startSite>>} Site */
/** @typedef {{ url: string, stop: () => Promise<void> }} Interface what a device stands in front of */

/** As long as a name can be. */
export const LONG_NAME = "the-storage-in-the-cellar-behind-the-stairs-next-to-the-heating";

/** A device that announces no service of Settle's is looked for by its name (RFC 6762 §3). */
const SOUGHT_BY_HOST = new RegExp(`^(nas|absent|cam-[0-9]+|${LONG_NAME})\\.local$`);

/** Asked for on purpose, by the test that shows that questions are seen. */
export const CONTROL_NAME = "control.local";

export class Stage {
  /** @type {BrowserContext | undefined} */
  #context;
  /** @type {Driver | undefined} */
  #firefox;
  #started = 1;
  /** @type {Stage[]} */
  #others = [];

  /**
   * @param {Home} home
   * @param {Site} site
   * @param {Device} device
   * @param {Interface} behind
   */
  constructor(home, site, device, behind) {
    this.home = home;
    this.site = site;
    this.device = device;
    this.behind = behind;
  }

  /** @param {Interface | undefined} behind in the place of the small printer's pages */
  static async set(behind = undefined) {
    const [home, site] = await Promise.all([Home.start(), startSite()]);
    const device = await Device.start(home, (behind ?? site).url);
    return new Stage(home, site, device, behind ?? site);
  }

  /**
   * Opens the browser, with the host installed before.
   * @param {{ language?: string, more?: string[], permissions?: string[] }} options
   */
  async browser(options = {}) {
    await this.home.install();
    return this.bareBrowser(options);
  }

  /**
   * Opens the browser as things are.
   * @param {{
   *   language?: string, extension?: boolean, more?: string[], beside?: string[], permissions?: string[],
   * }} options
   */
  async bareBrowser(options = {}) {
    this.#context = await startBrowser(this.home.profile, {
      env: this.home.environment,
      ...options,
    });
    return this.#context;
  }

  /**
   * Opens Firefox, with the host installed before; `forgetful`: without what was put into its
   * certificate store.
   * @param {{
   *   language?: string, preferences?: Record<string, string | number | boolean>, forgetful?: boolean,
   *   installs?: "for now" | "to stay",
   * }} options
   */
  async firefox({ forgetful = false, ...options } = {}) {
    const profile = await makeProfile(this.home);
    await this.home.install();
    if (forgetful) await forgetBridge(profile);
    return this.bareFirefox(options);
  }

  /**
   * Opens Firefox as things are.
   * @param {{
   *   language?: string, preferences?: Record<string, string | number | boolean>, extension?: string,
   *   installs?: "for now" | "to stay" | "nothing",
   * }} options
   */
  async bareFirefox(options = {}) {
    const profile = await makeProfile(this.home);
    this.#firefox = await startFirefox(profile, { env: this.home.environment, ...options });
    return this.#firefox;
  }

  /**
   * Opens a browser with the host installed before, and returns its tab, which shows the pairing page.
   * @param {"Chromium" | "Firefox"} browser
   * @param {{ language?: string, permissions?: string[] }} options
   * @returns {Promise<import("./tab.js").Tab>}
   */
  async tab(browser, options = {}) {
    const downloads = join(this.home.path, "downloads");
    if (browser === "Firefox") {
      const preferences = {
        "browser.download.folderList": 2,
        "browser.download.dir": downloads,
        // It asks the network for the name of a host that it was at several times, past every proxy, as these
        // journeys are: SECURITY.md tells of it.
        "network.predictor.enabled": false,
      };
      const tab = new FirefoxTab(await this.firefox({ ...options, preferences }), downloads);
      await tab.open("pair");
      return tab;
    }
    const context = await this.browser(options);
    return new ChromiumTab(await openPairingPage(context), downloads);
  }

  /**
   * Another computer, with a home, a keyring and a browser of its own, in the same network.
   * @param {"Chromium" | "Firefox"} browser
   */
  async otherComputer(browser) {
    const other = new Stage(await Home.start(), this.site, this.device, this.behind);
    this.#others.push(other);
    return other.tab(browser);
  }

  /** Trusts nothing any more, and has a new device: for the next journey in the same browser. */
  async startOver() {
    for (const { names } of await this.#devices()) await this.home.settle("revoke", names[0] ?? "");
    await this.device.stop();
    this.#started += 1;
    await this.startDevice({ state: `device-${this.#started}` });
  }

  /** Puts another device, with a key of its own, at the device's name and address. */
  async replaceByTwin() {
    const { address } = this.device;
    await this.device.stop();
    await this.startDevice({ state: "twin", listen: address });
  }

  /**
   * Starts the device again, or another one in its place.
   * @param {{ state?: string, listen?: string, isNew?: boolean }} options
   */
  async startDevice(options) {
    this.device = await Device.start(this.home, this.behind.url, options);
  }

  /**
   * The names of the devices in the trust store, as the command line lists them.
   * @returns {Promise<string[]>}
   */
  async trusted() {
    return (await this.#devices()).flatMap(({ names }) => names);
  }

  /** @returns {Promise<{ names: string[] }[]>} */
  async #devices() {
    const listed = JSON.parse(await this.home.settle("list", "--json"));
    return Array.isArray(listed) ? listed : listed.devices;
  }

  async strike() {
    for (const other of this.#others) await other.#leave();
    await this.device.stop();
    await this.#leave();
    await this.site.stop();
    if (this.behind !== this.site) await this.behind.stop();
  }

  async #leave() {
    await this.#context?.close();
    await this.#firefox?.quit();
    await this.home.stop();
  }
}

/** @typedef {import("@playwright/test").PlaywrightTestArgs} TestArgs */
/** @typedef {import("@playwright/test").PlaywrightTestOptions} TestOptions */

/** What a device can stand in front of, beside the small printer's pages. */
const BEHIND = { app: startApp, cups: startCups, transmission: startTransmission };

/**
 * @typedef {object} Set
 * @property {Stage} stage
 * @property {keyof typeof BEHIND | "site"} behind
 */

/** @type {import("@playwright/test").TestType<TestArgs & TestOptions & Set, object>} */
export const test = base.extend({
  behind: ["site", { option: true }],
  stage: async ({ behind }, use) => {
    const stage = await Stage.set(behind === "site" ? undefined : await BEHIND[behind]());
    await use(stage);
    await stage.strike();
    const asked = (await localQuestions(SOUGHT_BY_HOST)).filter((name) => name !== CONTROL_NAME);
    expect(asked, "local names that the network was asked for").toEqual([]);
  },
});

export { expect };
