// What happens when the way to a paired device is not safe, or not there.

import { basename } from "node:path";

import { inBothBrowsers } from "../harness/journeys.js";
import { expect } from "../harness/stage.js";
import { ADDRESS } from "../harness/visit.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */

/** @param {Scene} scene */
async function twin({ stage, tab }) {
  await tab.pair(stage.device.picture);
  await tab.go("about:blank");
  await stage.replaceByTwin();
  const before = stage.site.requests.length;
  await tab.land(ADDRESS, "blocked");
  await tab.marks({ reason: "wrong_key" });
  await tab.screen("blocked");
  for (const text of ["blocked_title", "blocked_text", "blocked_next"]) {
    await tab.tells(`[data-text="${text}"]`);
  }
  await tab.tellsApart('[data-text="expected"]', '[data-text="seen"]');
  await tab.look("blocked-twin");
  await tab.press("#retry");
  await tab.marks({ reason: "wrong_key" });
  expect(stage.site.requests.length, "requests that reached the twin").toBe(before);
}

/** @param {Scene} scene */
async function away({ stage, tab }) {
  await tab.pair(stage.device.picture);
  await tab.go("about:blank");
  const { address, state } = stage.device;
  await stage.device.stop();
  await tab.land(ADDRESS, "blocked");
  await tab.marks({ reason: "unreachable" });
  await tab.look("blocked-away");
  await stage.startDevice({ state: basename(state), listen: address });
  await tab.press("#retry");
  await tab.arrive(ADDRESS);
  await tab.reads("h1", "Ready");
}

/** @param {Scene} scene */
async function forgotten({ stage, tab }) {
  await tab.pair(stage.device.picture);
  await stage.home.settle("revoke", "printer.local");
  await tab.land(ADDRESS, "pair");
  await tab.screen("ask");
  expect(await stage.trusted()).toEqual([]);
}

inBothBrowsers("the way to a device is not safe, or not there", {
  "a twin with the same name and address is never reached": twin,
  "a device that is away is said to be away, and opens when it is back": away,
  "a device that was forgotten is unpaired at once": forgotten,
});
