// A street with two houses: two paired devices, and other sites on the web, in one browser.

import { backgroundOf } from "./browser.js";
import { Device } from "./device.js";
import { startElsewhere } from "./elsewhere.js";
import { attemptAll, openInitiator, Traffic } from "./initiators.js";
import { MEANS, NAVIGATIONS } from "./means.js";
import { PATIENCE } from "./programs.js";
import { startSite } from "./site.js";
import { test as base, expect } from "./stage.js";

/** @typedef {import("@playwright/test").BrowserContext} BrowserContext */
/** @typedef {Awaited<ReturnType<typeof startElsewhere>>} Elsewhere */
/** @typedef {import("./stage.js").Stage} Stage */

/**
 * Who asks: a name for the tests, the page's address, and the frame of it that does.
 * @typedef {{ who: string, at: string, within?: "sandboxed" | "data" | "blob" }} Initiator
 */

export const EVERYTHING = [...MEANS, ...NAVIGATIONS];

export class Street {
  /**
   * What the pages learned of what they asked for last, by its means.
   * @type {Record<string, string>}
   */
  learned = {};

  /**
   * @param {Stage} stage
   * @param {Elsewhere} elsewhere
   * @param {BrowserContext} context
   * @param {Stage["site"]} neighbor what the other device stands in front of
   */
  constructor(stage, elsewhere, context, neighbor) {
    this.stage = stage;
    this.elsewhere = elsewhere;
    this.context = context;
    this.neighbor = neighbor;
    this.traffic = new Traffic(context);
  }

  /**
   * Asks for the printer by means, and returns those by which something arrived there.
   * @param {Initiator} initiator
   * @param {string[]} means
   * @param {{ folder?: string, site?: string }} target
   */
  async ask({ who, at, within }, means = EVERYTHING, target = {}) {
    const { folder = "from", site = "https://printer.local" } = target;
    const path = `/${folder}/${who}/`;
    const from = await openInitiator(this.context, at, within);
    const elsewhere = this.elsewhere.secure;
    this.learned = await attemptAll(from, { base: site + path, means, elsewhere });
    await this.traffic.quiet();
    await ("context" in from ? from : from.page()).close();
    const { requests } = this.stage.site;
    const arrived = requests.filter((request) => request.startsWith(path));
    return [...new Set(arrived.map((request) => request.slice(path.length).replace(/\?$/, "")))];
  }

  /**
   * Takes one of the extension's layers away: the rules of these kinds.
   * @param {(rule: chrome.declarativeNetRequest.Rule) => boolean} which
   */
  async dropRules(which) {
    const worker = await backgroundOf(this.context);
    /** @type {chrome.declarativeNetRequest.Rule[]} */
    const rules = await worker.evaluate(() => chrome.declarativeNetRequest.getDynamicRules());
    const ids = rules.filter(which).map(({ id }) => id);
    expect(ids).not.toEqual([]);
    await worker.evaluate(
      (removeRuleIds) => chrome.declarativeNetRequest.updateDynamicRules({ removeRuleIds }),
      ids,
    );
  }

  /**
   * Which of the extension's rules take a request, as the browser says.
   * @param {{ url: string, initiator?: string, type: string }} request
   * @returns {Promise<string[]>} what the rules do
   */
  async rulesFor(request) {
    const worker = await backgroundOf(this.context);
    return worker.evaluate(async (asked) => {
      const { testMatchOutcome, getDynamicRules } = chrome.declarativeNetRequest;
      const outcome = await testMatchOutcome(/** @type {any} */ (asked));
      const matched = outcome.matchedRules.map(({ ruleId }) => ruleId);
      const rules = await getDynamicRules({ ruleIds: matched });
      return rules.map(({ action }) => action.type);
    }, request);
  }

  /**
   * Lets a site in, and waits until the browser knows.
   * @param {string} origin
   */
  async allow(origin) {
    await this.stage.home.settle("allow", "printer.local", origin);
    const worker = await backgroundOf(this.context);
    const host = new URL(origin).hostname;
    const letsIn = () =>
      worker.evaluate(async (wanted) => {
        const rules = await chrome.declarativeNetRequest.getDynamicRules();
        return rules.some(({ condition }) => condition.initiatorDomains?.includes(wanted));
      }, host);
    await expect.poll(letsIn, { timeout: PATIENCE }).toBe(true);
  }
}

/** @type {import("@playwright/test").TestType<import("@playwright/test").PlaywrightTestArgs & { stage: Stage, street: Street }, object>} */
export const test = /** @type {any} */ (base).extend({
  street: async (
    /** @type {{ stage: Stage }} */ { stage },
    /** @type {(street: Street) => Promise<void>} */ use,
  ) => {
    const [elsewhere, nasSite] = await Promise.all([startElsewhere(stage.home.path), startSite()]);
    const nas = await Device.start(stage.home, nasSite.url, { state: "nas", name: "nas" });
    for (const { code } of [stage.device, nas]) await stage.home.settle("pair", code, "--yes");
    const context = await stage.browser({ more: elsewhere.browserArguments });
    const worker = await backgroundOf(context);
    await expect
      .poll(() => worker.evaluate(() => chrome.declarativeNetRequest?.getDynamicRules()), {
        timeout: PATIENCE,
      })
      .toHaveLength(9);
    await use(new Street(stage, elsewhere, context, nasSite));
    await nas.stop();
    await nasSite.stop();
    elsewhere.stop();
  },
});

export { expect };
