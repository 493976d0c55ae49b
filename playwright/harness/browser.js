// Chromium with the extension, and the questions that are asked of it.

import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { chromium } from "@playwright/test";

import { PATIENCE, setting } from "./programs.js";

/** @typedef {import("@playwright/test").Page} Page */
/** @typedef {import("@playwright/test").BrowserContext} BrowserContext */

/** The extension's address; the manifest's key fixes it. */
export const EXTENSION = "chrome-extension://jmcgcmglohfeadegpphhfolekdfjknei";

/**
 * Starts Chromium as a user would have it.
 * @param {string} profile
 * @param {{
 *   env: Record<string, string>, headless?: boolean, language?: string, extension?: boolean,
 *   more?: string[], beside?: string[], permissions?: string[],
 * }} options `more` are arguments of the browser, `beside` the folders of other extensions; `permissions` the
 *   extension gets without the click that gives them to it otherwise
 */
export async function startBrowser(profile, options) {
  const {
    env,
    headless = true,
    language = "en",
    extension = true,
    more = [],
    beside = [],
    permissions,
  } = options;
  const shipped = extension ? setting("SETTLE_EXTENSION") : "";
  const own = permissions ? await permit(shipped, `${profile}-extension`, permissions) : shipped;
  const folder = extension ? [own, ...beside].join() : "";
  return chromium.launchPersistentContext(profile, {
    executablePath: setting("SETTLE_CHROMIUM"),
    headless,
    env: { ...env, LANGUAGE: language },
    viewport: headless ? { width: 1000, height: 760 } : null,
    timeout: PATIENCE * 2,
    args: [
      `--lang=${language}`,
      // As root, and in namespaces of our own, Chromium's own sandbox cannot be had.
      "--no-sandbox",
      "--disable-quic",
      ...more,
      ...(extension ? [`--disable-extensions-except=${folder}`, `--load-extension=${folder}`] : []),
    ],
  });
}

/**
 * A copy of the extension with more permissions.
 * @param {string} shipped
 * @param {string} folder
 * @param {string[]} permissions
 */
async function permit(shipped, folder, permissions) {
  await cp(shipped, folder, { recursive: true });
  const file = join(folder, "manifest.json");
  const manifest = JSON.parse(await readFile(file, "utf8"));
  manifest.permissions.push(...permissions);
  await writeFile(file, JSON.stringify(manifest));
  return folder;
}

/**
 * Opens the pairing page and waits until it knows how the host is.
 * @param {BrowserContext} context
 * @param {"ready" | "down"} link
 */
export async function openPairingPage(context, link = "ready") {
  const page = context.pages()[0] ?? (await context.newPage());
  await backgroundOf(context);
  await page.goto(`${EXTENSION}/pair.html`);
  await page.locator(`body[data-link="${link}"]`).waitFor();
  return page;
}

/**
 * The extension's background, once it runs.
 * @param {BrowserContext} context
 */
export async function backgroundOf(context) {
  // Pages of devices and of other sites have workers too.
  const isOurs = (/** @type {import("@playwright/test").Worker} */ worker) =>
    worker.url().startsWith(EXTENSION);
  const running = context.serviceWorkers().find(isOurs);
  return running ?? (await context.waitForEvent("serviceworker", isOurs));
}

/**
 * What the browser itself says about the page's connection: `secure`, or a reason to warn.
 * @param {Page} page
 * @returns {Promise<string>}
 */
export async function securityState(page) {
  const session = await page.context().newCDPSession(page);
  const state = new Promise((resolve) => {
    session.on("Security.visibleSecurityStateChanged", ({ visibleSecurityState }) => {
      resolve(visibleSecurityState.securityState);
    });
  });
  await session.send("Security.enable");
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("no state of security")), PATIENCE).unref();
  });
  try {
    return await Promise.race([state, late]);
  } finally {
    await session.detach();
  }
}

/**
 * Whether the tab shows a page of the browser's own in place of what was asked for.
 * @param {Page} page
 */
export async function showsInterstitial(page) {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  await session.detach();
  return frameTree.frame.unreachableUrl !== undefined;
}
