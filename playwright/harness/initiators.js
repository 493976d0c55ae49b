// The pages that ask: of other sites, of other devices, of no origin, of the extension, and the
// device's own. And what becomes of what they ask.

import { backgroundOf, EXTENSION } from "./browser.js";
import { attempt, NAVIGATIONS } from "./means.js";
import { PATIENCE } from "./programs.js";
import { expect } from "./stage.js";

/** @typedef {import("@playwright/test").BrowserContext} BrowserContext */
/** @typedef {import("@playwright/test").Page} Page */
/** @typedef {import("@playwright/test").Frame} Frame */

export const SANDBOX = "allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox";

/**
 * Opens a page and returns it, or a frame of it that has another origin.
 * @param {BrowserContext} context
 * @param {string} address
 * @param {"sandboxed" | "data" | "blob" | undefined} within
 * @returns {Promise<Page | Frame>}
 */
export async function openInitiator(context, address, within = undefined) {
  const page = await context.newPage();
  await page.goto(address);
  if (within === undefined) return page;
  const attached = page.waitForEvent("frameattached");
  await page.evaluate(
    ([kind, sandbox]) => {
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
    /** @type {const} */ ([within, SANDBOX]),
  );
  const frame = await attached;
  await expect.poll(() => frame.title(), { timeout: PATIENCE }).toBe("Within");
  return frame;
}

/** The address of an extension page that does nothing by itself. */
export const EXTENSION_PAGE = `${EXTENSION}/popup.html`;

/** Knows which requests for local names are under way in a browser. */
export class Traffic {
  /** @type {Set<import("@playwright/test").Request>} */
  #pending = new Set();

  /** @param {BrowserContext} context */
  constructor(context) {
    context.on("request", (request) => {
      if (/^(https?|wss?):\/\/[^/]*\.local\b/.test(request.url())) this.#pending.add(request);
    });
    // Not when it is finished: nobody may ever read the body.
    context.on("response", (response) => this.#pending.delete(response.request()));
    context.on("requestfailed", (request) => this.#pending.delete(request));
  }

  /** Waits until each of them has an answer, or none for good. */
  async quiet() {
    const urls = () => [...this.#pending].map((request) => request.url());
    await expect.poll(urls, { timeout: PATIENCE }).toEqual([]);
  }
}

/**
 * Waits until the tab that something opens has come to its end, and closes it. The browser itself is
 * asked: Playwright never tells of a tab whose first navigation leads to a page of ours.
 * @param {Page} page
 * @param {() => Promise<void>} open
 */
async function inNewTab(page, open) {
  const worker = await backgroundOf(page.context());
  const session = await page.context().newCDPSession(page);
  const tabs = async () => {
    const { targetInfos } = await session.send("Target.getTargets");
    return targetInfos.filter(({ type }) => type === "page");
  };
  const isLoading = () =>
    worker.evaluate(async () => (await chrome.tabs.query({ status: "loading" })).length > 0);
  const before = new Set((await tabs()).map(({ targetId }) => targetId));
  await open();
  /** @type {string | undefined} */
  let opened;
  const hasArrived = async () => {
    const isIt = ({ targetId = "", url = "" }) => !before.has(targetId) && /^(http|chr)/.test(url);
    opened = (await tabs()).find(isIt)?.targetId;
    return opened !== undefined && !(await isLoading());
  };
  await expect.poll(hasArrived, { timeout: PATIENCE }).toBe(true);
  await session.send("Target.closeTarget", { targetId: opened ?? "" });
  await session.detach();
}

/**
 * Asks by all means at once, and by navigations of a tab one after the other.
 * @param {Page | Frame} from
 * @param {{ base: string, means: string[], elsewhere: string }} what each asks for `base` + its name
 * @returns {Promise<Record<string, string>>} what the page learned
 */
export async function attemptAll(from, { base, means, elsewhere }) {
  const page = "context" in from ? from : from.page();
  const quietly = means.filter((it) => !NAVIGATIONS.includes(it));
  const tell = async (/** @type {string} */ it) => {
    const learned = await from.evaluate(attempt, { means: it, url: base + it, elsewhere });
    return /** @type {const} */ ([it, learned]);
  };
  const learned = await Promise.all(quietly.map(tell));
  for (const it of means.filter((it) => NAVIGATIONS.includes(it))) {
    await inNewTab(page, async () => {
      learned.push(await tell(it));
    });
  }
  return Object.fromEntries(learned);
}
