// Everything by the keyboard alone: pairing, the popup, the manager and what stands in the way, with the focus to be seen at
// each step, and never on what consents.

import { inBothBrowsers } from "../harness/journeys.js";
import { expect } from "../harness/stage.js";
import { CAMERA_NAME } from "../harness/unpairable.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */

const ADDRESS = "https://printer.local/";
const ORIGIN = "https://cloud.example";

/** @param {Scene} scene */
async function pairsAndManages({ stage, tab }) {
  await tab.land(ADDRESS, "pair");
  await tab.marks({ link: "ready" });
  await tab.reach("#scan");
  await tab.reach("#picture");
  await tab.reach("#code");
  await tab.type(stage.device.code);
  await tab.pressByKey("#use_code");
  await tab.screen("decision");
  await tab.shows('[data-screen="decision"] h1:focus');
  await tab.pressByKey("#refuse");
  await tab.screen("done");
  await tab.pressByKey("#again");
  await tab.screen("ask");
  await tab.reach("#code");
  await tab.type(stage.device.code);
  await tab.pressByKey("#use_code");
  await tab.screen("decision");
  await tab.pressByKey("#trust");
  await tab.arrive(ADDRESS);

  await tab.open("manage");
  await tab.reach('[data-list="devices"] .name');
  // The page shows everything anew when the user is back.
  await tab.ask(() => document.dispatchEvent(new Event("visibilitychange")));
  await tab.shows('[data-list="devices"] .name:focus');
  await tab.reach("#search");
  await tab.type("print");
  await tab.reach("#order");
  await tab.pressByKey('[data-list="devices"] .name');
  await tab.screen("device");
  await tab.reach("#origin");
  await tab.type(ORIGIN);
  await tab.pressByKey("#allow");
  await tab.shows('[data-list="origins"] > li', 1);
  await tab.pressByKey("#undo");
  await tab.shows('[data-list="origins"] > li', 0);
  await tab.reach("#petname");
  await tab.type("x");
  await tab.pressByKey("#rename");
  await tab.shows("#undo");
  for (const [action, screen] of /** @type {const} */ ([
    ["show_makers", "makers"],
    ["show_log", "log"],
    ["show_backup", "backup"],
    ["show_checks", "checks"],
    ["show_devices", "overview"],
  ])) {
    await tab.pressByKey(`[data-do="${action}"]`);
    await tab.screen(screen);
  }
  await tab.pressByKey('[data-list="devices"] .name');
  await tab.screen("device");
  await tab.pressByKey("#forget");
  await tab.shows("#forget_confirm");
  await tab.shows("#forget_confirm:focus", 0);
  await tab.pressByKey("[data-do=forget_cancel]");
  await tab.shows("#forget_confirm", 0);
  await tab.pressByKey("#forget");
  await tab.pressByKey("#forget_confirm");
  await tab.screen("overview");
  expect(await stage.trusted()).toEqual([]);
}

/** @param {Scene} scene */
async function turnsBack({ tab }) {
  await tab.land(`https://${CAMERA_NAME}/`, "pair");
  await tab.marks({ link: "ready" });
  await tab.pressByKey("#ask_unverified");
  await tab.screen("unverified");
  await tab.shows("#open_unverified:focus", 0);
  await tab.pressByKey("#keep_closed");
  await tab.screen("ask");
  await tab.pressByKey("#import");
  await tab.marks({ page: "import" });
  await tab.holds("#import_name", CAMERA_NAME);
  await tab.reach("#import_source");
  await tab.type("12:34");
  await tab.tells('[data-text="import_source_problem"]');
}

inBothBrowsers("by the keyboard alone", {
  "a device is paired, managed and forgotten": pairsAndManages,
  "what cannot pair is looked at and left": turnsBack,
});
