// What comes back by itself: pairings and pages when the extension's background, the daemon or its connector ends
// in the middle, and the tabs of devices with the browser's session. The latter in Firefox alone: Chromium loads an
// extension that is named on its command line, as here, later than the tabs of the session.

import { arriveIn, giveCode, onPage, visit } from "../harness/firefox-visit.js";
import { inBothBrowsers } from "../harness/journeys.js";
import { killHost } from "../harness/processes.js";
import { PATIENCE } from "../harness/programs.js";
import { expect, test } from "../harness/stage.js";
import { ADDRESS } from "../harness/visit.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */

/** @type {Record<string, (scene: Scene) => Promise<void>>} */
const CUTS = {
  connector: ({ stage }) => killHost(stage.home, "connector"),
  daemon: ({ stage }) => killHost(stage.home, "daemon"),
  background: ({ tab }) => tab.endBackground(),
};

/** @param {Scene} scene */
async function pairing(scene) {
  const { stage, tab } = scene;
  await tab.open("pair");
  for (const [what, cut] of Object.entries(CUTS)) {
    await tab.giveText(stage.device.code);
    await tab.screen("decision");
    await cut(scene);
    // It says so, and is ready for the code once more.
    await tab.screen("ask");
    await tab.fault("error", "host_lost");
    await tab.marks({ link: "ready" });
    expect(await stage.trusted(), what).toEqual([]);
    expect(stage.device.paired, what).toBe(false);
  }
  await tab.giveText(stage.device.code);
  await tab.screen("decision");
  await tab.press("#trust");
  await tab.arrive(ADDRESS);
  expect(await stage.trusted()).toContain("printer.local");
}

/** @param {Scene} scene */
async function pages(scene) {
  const { stage, tab } = scene;
  await tab.pair(stage.device.picture);
  for (const cut of Object.values(CUTS)) {
    await tab.go("about:blank");
    await cut(scene);
    await tab.go(`${ADDRESS}supplies`);
    await tab.arrive(`${ADDRESS}supplies`);
    await tab.reads("h1", "Supplies");
  }
  // Nobody visits a page, and yet the daemon is there again.
  await tab.go("about:blank");
  await killHost(stage.home, "daemon");
  await tab.open("manage");
  await tab.shows("[data-list=devices] li", 1);
}

inBothBrowsers("what is cut off", {
  "a pairing that is cut off says so, stores nothing, and can begin again": pairing,
  "a device's page opens after anything of ours has ended": pages,
});

test("in Firefox, the tab of a device comes back with the session", async ({ stage }) => {
  const first = await stage.firefox({ installs: "to stay" });
  await visit(first, ADDRESS);
  await onPage(first, { page: "pair", link: "ready" });
  await giveCode(first, stage.device.code);
  await arriveIn(first, ADDRESS);
  await first.quit();
  const again = await stage.bareFirefox({
    installs: "nothing",
    preferences: { "browser.startup.page": 3 },
  });
  const shown = async () => {
    for (const tab of await again.getAllWindowHandles()) {
      await again.switchTo().window(tab);
      if ((await again.getCurrentUrl()) === ADDRESS) return await again.getTitle();
    }
    return undefined;
  };
  await expect.poll(shown, { timeout: PATIENCE }).toBe("Ready · Printer");
});
