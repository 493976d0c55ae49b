// The popup: what is trusted, and how to end that.

import { inBothBrowsers } from "../harness/journeys.js";
import { expect } from "../harness/stage.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */

/** @param {Scene} scene */
async function listAndForget({ stage, tab }) {
  await tab.open("popup");
  await tab.screen("overview");
  await tab.look("popup-empty");
  await tab.pair(stage.device.picture);
  await tab.open("popup");
  await tab.reads('[data-list] > li [data-text="name"]', /printer/);
  await tab.look("popup");
  await tab.press('[data-do="forget"]');
  expect(await stage.trusted()).toContain("printer.local");
  await tab.press('[data-do="forget_confirm"]');
  await tab.shows("[data-list] > li", 0);
  expect(await stage.trusted()).toEqual([]);
}

inBothBrowsers("the popup", {
  "the popup lists what is trusted and forgets it on a second click": listAndForget,
});
