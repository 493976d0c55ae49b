// Looking at a page: pictures of each state in light, dark and narrow, and axe's judgement on it.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "@playwright/test";
import axe from "axe-core";

import { setting } from "./programs.js";

/** @typedef {import("@playwright/test").Page} Page */

/** @type {{ name: string, dark?: boolean, width?: number, contrast?: boolean }[]} */
const VIEWS = [
  { name: "light" },
  { name: "dark", dark: true },
  { name: "narrow", width: 360 },
  // For eyes: colours that the system chooses leave axe nothing to measure.
  ...(process.env.SETTLE_ALL_VIEWS ? [{ name: "contrast", contrast: true }] : []),
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
  for (const { name, dark = false, width = usual.width, contrast = false } of VIEWS) {
    await page.emulateMedia({
      colorScheme: dark ? "dark" : "light",
      reducedMotion: "reduce",
      forcedColors: contrast ? "active" : "none",
    });
    await page.setViewportSize({ width, height: usual.height });
    await page.screenshot({ path: join(folder, `${state}-${name}.png`), fullPage: true });
    // In the dark nothing but colours is different.
    const rules = dark ? ["color-contrast"] : undefined;
    if (!contrast) expect(await complaints(page, rules), `${state}, ${name}`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: "light", forcedColors: "none" });
  await page.setViewportSize(usual);
}

/**
 * What axe has against the page, in short.
 * @param {Page} page
 * @param {string[]} [rules] all, if not said
 */
async function complaints(page, rules) {
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
