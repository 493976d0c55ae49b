// Journeys that are the same in both browsers. In Chromium each has a stage of its own; in Firefox, which takes
// its time to start, those of a file come one after the other in one.

import { test } from "./stage.js";

/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./tab.js").Tab} Tab */
/** @typedef {import("./stage.js").Set["behind"]} Behind */
/** @typedef {{ stage: Stage, tab: Tab, language: string }} Scene */
/** @typedef {(scene: Scene) => Promise<void>} Journey */

/**
 * @param {string} about what they have in common
 * @param {Record<string, Journey>} journeys by what they show
 * @param {Behind} behind what the device stands in front of
 */
export function inBothBrowsers(about, journeys, behind = "site") {
  test.describe(() => {
    test.use({ behind });
    for (const [title, journey] of Object.entries(journeys)) inChromium(title, journey);
    test(`in Firefox: ${about}`, async ({ stage }) => {
      const tab = await stage.tab("Firefox");
      for (const [at, [title, journey]] of Object.entries(journeys).entries()) {
        await test.step(title, async () => {
          if (at > 0) await stage.startOver();
          await journey({ stage, tab, language: "en" });
        });
      }
    });
  });
}

/**
 * @param {string} title
 * @param {Journey} journey
 * @param {string} language
 */
export function inChromium(title, journey, language = "en") {
  test(language === "en" ? title : `${title}: ${language}`, async ({ stage }) => {
    await journey({ stage, tab: await stage.tab("Chromium", { language }), language });
  });
}
