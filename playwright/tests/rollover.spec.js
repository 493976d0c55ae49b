// A device takes a new key: nobody notices, unless the key that is trusted does not vouch for it.

import { inBothBrowsers } from "../harness/journeys.js";
import { built, Program } from "../harness/programs.js";
import { expect } from "../harness/stage.js";
import { ADDRESS } from "../harness/visit.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */

/** @param {import("../harness/stage.js").Stage} stage */
async function trustedKey(stage) {
  const listed = JSON.parse(await stage.home.settle("list", "--json"));
  return /** @type {string} */ (listed.devices[0].fingerprint);
}

/** @param {Scene} scene */
async function followed({ stage, tab }) {
  await tab.pair(stage.device.picture);
  await tab.reads("h1", "Ready");
  await tab.ask(() => localStorage.setItem("paper", "A4"));
  const before = await trustedKey(stage);
  for (const _ of ["once", "again"]) {
    const key = await stage.device.rollOver();
    await tab.reload();
    await tab.arrive(ADDRESS);
    await tab.reads("h1", "Ready");
    await expect.poll(() => trustedKey(stage)).toBe(key);
    // The page is of the same origin, and has what it kept.
    expect(await tab.ask(() => localStorage.getItem("paper"))).toBe("A4");
  }
  expect(await trustedKey(stage)).not.toBe(before);
}

/** @param {Scene} scene */
async function forged({ stage, tab }) {
  await tab.pair(stage.device.picture);
  await tab.go("about:blank");
  const before = await trustedKey(stage);
  const { address, state, uniqueName } = stage.device;
  await stage.device.stop();
  const forger = new Program(built("settle-forger"), [state, uniqueName, address]);
  await forger.line("forger");
  await tab.land(ADDRESS, "blocked");
  await tab.marks({ reason: "rollover_refused" });
  await tab.screen("blocked");
  for (const text of ["blocked_title", "blocked_text", "blocked_next"]) {
    await tab.tells(`[data-text="${text}"]`);
  }
  await tab.tellsApart('[data-text="expected"]', '[data-text="seen"]');
  await tab.look("blocked-rollover");
  expect(await trustedKey(stage)).toBe(before);
  await forger.stop();
}

inBothBrowsers("a device with a new key", {
  "a page keeps opening with no word while its device takes new keys": followed,
  "a new key that the trusted one does not vouch for is blocked": forged,
});
