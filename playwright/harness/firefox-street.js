// The street of `street.js` in Firefox: two paired devices and other sites, and the pages that ask.

import { trust } from "./certificates.js";
import { Device } from "./device.js";
import { startElsewhere } from "./elsewhere.js";
import { FIREFOX_EXTENSION, makeProfile } from "./firefox.js";
import { say, visit } from "./firefox-visit.js";
import { SANDBOX } from "./initiators.js";
import { attempt, NAVIGATIONS } from "./means.js";
import { PATIENCE } from "./programs.js";
import { startSite } from "./site.js";
import { test as base, expect } from "./stage.js";

/** @typedef {import("./firefox.js").Driver} Driver */
/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./street.js").Initiator} Initiator */
/** @typedef {import("./street.js").Elsewhere} Elsewhere */

/** Of these Firefox does not always tell the page how they ended. */
const UNTOLD = ["embed", "form-get", "form-post", "iframe", "prefetch"];

export class FirefoxStreet {
  #asked = 0;

  /**
   * @param {Stage} stage
   * @param {Elsewhere} elsewhere
   * @param {Driver} driver
   * @param {Stage["site"]} neighbor what the other device stands in front of
   */
  constructor(stage, elsewhere, driver, neighbor) {
    this.stage = stage;
    this.elsewhere = elsewhere;
    this.driver = driver;
    this.neighbor = neighbor;
  }

  /**
   * Asks for the printer by means, and returns those by which something arrived there.
   * @param {Initiator} initiator
   * @param {string[]} means
   * @param {string[]} wanted those that are waited for
   */
  async ask({ who, at, within }, means, wanted = []) {
    const { driver } = this;
    this.#asked += 1;
    const path = `/from/${who}-${this.#asked}/`;
    const base = `https://printer.local${path}`;
    const home = await driver.getWindowHandle();
    await driver.switchTo().newWindow("tab");
    const page = await driver.getWindowHandle();
    await visit(driver, at);
    if (within) await this.#enter(within);
    const quietly = means.filter((it) => !NAVIGATIONS.includes(it));
    await this.#attempt(base, quietly);
    for (const it of means.filter((it) => NAVIGATIONS.includes(it))) {
      const before = await driver.getAllWindowHandles();
      await this.#attempt(base, [it]);
      await this.#closeNew(before);
      await driver.switchTo().window(page);
      if (within) await driver.switchTo().frame(0);
    }
    const arrived = () => {
      const { requests } = this.stage.site;
      const ours = requests.filter((request) => request.startsWith(path));
      const names = ours.map((request) => request.slice(path.length).replace(/\?$/, ""));
      return [...new Set(names)].filter((it) => it !== "last").sort();
    };
    const missing = () => wanted.filter((it) => !arrived().includes(it));
    await expect.poll(missing, { timeout: PATIENCE }).toEqual([]);
    // What was on its way before the device's own page was asked for has gone before it.
    await driver.switchTo().defaultContent();
    await driver.get(`https://printer.local${path}last`);
    await driver.close();
    await driver.switchTo().window(home);
    return arrived();
  }

  /** @param {"sandboxed" | "data" | "blob"} within */
  async #enter(within) {
    await this.driver.executeScript(
      (/** @type {string} */ kind, /** @type {string} */ sandbox) => {
        const html = "<!doctype html><title>Within</title><body></body>";
        const frame = document.createElement("iframe");
        if (kind === "sandboxed") {
          frame.setAttribute("sandbox", sandbox);
          frame.srcdoc = html;
        } else if (kind === "data") {
          frame.src = `data:text/html,${html}`;
        } else {
          frame.src = URL.createObjectURL(new Blob([html], { type: "text/html" }));
        }
        document.body.append(frame);
      },
      within,
      SANDBOX,
    );
    await this.driver.switchTo().frame(0);
    const title = () => this.driver.executeScript(() => document.title);
    await expect.poll(title, { timeout: PATIENCE }).toBe("Within");
  }

  /**
   * All at once, by a script of the page itself: what selenium runs has another origin. Returns when the
   * page has learned what became of them.
   * @param {string} base
   * @param {string[]} means
   */
  async #attempt(base, means) {
    const elsewhere = this.elsewhere.secure;
    const script = `{
      const attempt = ${attempt};
      const open = new Set(${JSON.stringify(means)});
      const tell = () => { document.documentElement.dataset.open = [...open].join(" "); };
      tell();
      for (const means of open) {
        const how = { means, url: ${JSON.stringify(base)} + means, elsewhere: ${JSON.stringify(elsewhere)} };
        attempt(how).catch(String).then(() => { open.delete(means); tell(); });
      }
    }`;
    await this.driver.executeScript((/** @type {string} */ text) => {
      const element = document.createElement("script");
      element.textContent = text;
      document.body.append(element);
    }, script);
    const untold = async () => {
      // Nothing at all: the script was not run.
      const open = await say(this.driver, () => document.documentElement.dataset.open);
      return open?.split(" ").filter((it) => it && !UNTOLD.includes(it));
    };
    await expect.poll(untold, { timeout: PATIENCE }).toEqual([]);
  }

  /** @param {string[]} before */
  async #closeNew(before) {
    const { driver } = this;
    const added = async () =>
      (await driver.getAllWindowHandles()).find((handle) => !before.includes(handle));
    await expect.poll(added, { timeout: PATIENCE }).toBeDefined();
    await driver.switchTo().window((await added()) ?? "");
    const where = () => say(driver, () => location.href !== "about:blank" && document.readyState);
    await expect.poll(where, { timeout: PATIENCE }).toBe("complete");
    await driver.close();
  }

  /**
   * Runs in a page of the extension.
   * @param {string} body with `chrome` and `input`; returns a promise
   * @param {unknown} input
   */
  async #inExtension(body, input) {
    await visit(this.driver, `${FIREFOX_EXTENSION}/popup.html`);
    const script = `
      const [input, done] = arguments;
      const { chrome } = window.wrappedJSObject ?? window;
      const act = async () => { ${body} };
      act().then((said) => done(JSON.stringify(said)), (error) => done(JSON.stringify({ error: String(error) })));`;
    const said = JSON.parse(
      await this.driver.executeAsyncScript(script, JSON.stringify(input ?? null)),
    );
    if (said?.error) throw new Error(said.error);
    return said;
  }

  /** @returns {Promise<chrome.declarativeNetRequest.Rule[]>} */
  rules() {
    return this.#inExtension("return chrome.declarativeNetRequest.getDynamicRules();", null);
  }

  /**
   * Takes one of the extension's layers away: the rules of these kinds.
   * @param {(rule: chrome.declarativeNetRequest.Rule) => boolean} which
   */
  async dropRules(which) {
    const ids = (await this.rules()).filter(which).map(({ id }) => id);
    expect(ids).not.toEqual([]);
    await this.update({ removeRuleIds: ids });
  }

  /** @param {chrome.declarativeNetRequest.UpdateRuleOptions} change */
  async update(change) {
    await this.#inExtension(
      "await chrome.declarativeNetRequest.updateDynamicRules(JSON.parse(input)); return null;",
      change,
    );
  }

  /**
   * Lets a site in, and waits until the browser knows.
   * @param {string} origin
   */
  async allow(origin) {
    await this.stage.home.settle("allow", "printer.local", origin);
    const host = new URL(origin).hostname;
    const letsIn = async () =>
      (await this.rules()).some(({ condition }) => condition.initiatorDomains?.includes(host));
    await expect.poll(letsIn, { timeout: PATIENCE }).toBe(true);
  }
}

/** @type {import("@playwright/test").TestType<{ stage: Stage, street: FirefoxStreet }, object>} */
export const test = /** @type {any} */ (base).extend({
  street: async (
    /** @type {{ stage: Stage }} */ { stage },
    /** @type {(street: FirefoxStreet) => Promise<void>} */ use,
  ) => {
    const [elsewhere, nasSite] = await Promise.all([startElsewhere(stage.home.path), startSite()]);
    const nas = await Device.start(stage.home, nasSite.url, { state: "nas", name: "nas" });
    for (const { code } of [stage.device, nas]) await stage.home.settle("pair", code, "--yes");
    const profile = await makeProfile(stage.home);
    await trust(profile, elsewhere.authority, "elsewhere");
    const driver = await stage.firefox({
      preferences: {
        ...elsewhere.preferences,
        // Nobody clicks, and yet tabs are to open.
        "dom.disable_open_during_load": false,
        "dom.popup_maximum": 1000,
      },
    });
    const street = new FirefoxStreet(stage, elsewhere, driver, nasSite);
    await expect.poll(async () => (await street.rules()).length, { timeout: PATIENCE }).toBe(9);
    await use(street);
    await nas.stop();
    await nasSite.stop();
    elsewhere.stop();
  },
});

export { expect };
