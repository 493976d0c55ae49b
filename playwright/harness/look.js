// Looking at a page: pictures of each state in light, dark and narrow, and axe's judgement on it.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "@playwright/test";
import axe from "axe-core";

import { setting } from "./programs.js";

/** @typedef {import("@playwright/test").Page} Page */

/** @typedef {{ name: string, dark?: boolean, width?: number, forced?: boolean, more?: boolean }} Look */

/** @type {Look[]} */
const VIEWS = [
  { name: "light" },
  { name: "dark", dark: true },
  { name: "narrow", width: 360 },
  ...(process.env.SETTLE_ALL_VIEWS
    ? [
        { name: "forced", forced: true },
        { name: "forced-dark", forced: true, dark: true },
        { name: "more", more: true },
        { name: "more-dark", more: true, dark: true },
      ]
    : []),
];

/**
 * Takes a page's pictures and insists that axe finds nothing against it.
 * @param {Page} page
 * @param {string} state
 */
export async function look(page, state) {
  const folder = setting("SETTLE_SHOTS");
  await mkdir(folder, { recursive: true });
  const usual = page.viewportSize() ?? { width: 1000, height: 760 };
  for (const view of VIEWS) {
    await turn(page, view);
    await page.setViewportSize({ width: view.width ?? usual.width, height: usual.height });
    await page.screenshot({ path: join(folder, `${state}-${view.name}.png`), fullPage: true });
    expect(await complaints(page, rules(view)), `${state}, ${view.name}`).toEqual([]);
  }
  await turn(page, { name: "light" });
  await page.setViewportSize(usual);
}

/**
 * Shows a page as somebody has set up their system.
 * @param {Page} page
 * @param {Look} view
 */
export async function turn(page, { dark = false, forced = false, more = false }) {
  await page.emulateMedia({
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
    forcedColors: forced ? "active" : "none",
    contrast: more ? "more" : "no-preference",
  });
}

/**
 * What axe is asked about: all, or, where nothing but colors is different, these.
 * @param {Look} view
 */
function rules({ dark, forced, more }) {
  if (more) return ["color-contrast-enhanced"];
  return dark || forced ? ["color-contrast"] : undefined;
}

/**
 * What axe has against the page, in short.
 * @param {Page} page
 * @param {string[]} [rules] all, if not said
 */
export async function complaints(page, rules) {
  const isThere = await page.evaluate(() => "axe" in globalThis);
  if (!isThere) await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    (only) =>
      /** @type {any} */ (globalThis).axe.run(document, {
        resultTypes: ["violations"],
        ...(only ? { runOnly: only } : {}),
      }),
    rules,
  );
  return violations.map(
    (/** @type {{ id: string, nodes: { target: string[] }[] }} */ { id, nodes }) =>
      `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
  );
}
