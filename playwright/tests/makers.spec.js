// The list of makers in the manager, and what it adds to a decision: words, and nothing else.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { inBothBrowsers, inChromium } from "../harness/journeys.js";
import { built } from "../harness/programs.js";
import { expect } from "../harness/stage.js";
import { ADDRESS } from "../harness/visit.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */
/** @typedef {import("../harness/tab.js").Tab} Tab */

const run = promisify(execFile);

/**
 * Puts the maker on the list.
 * @param {Tab} tab
 * @param {string} certificate
 * @param {{ pattern: string, shot?: string }} options
 */
async function list(tab, certificate, { pattern, shot }) {
  await tab.open("manage");
  await tab.press("[data-do=show_makers]");
  await tab.give("#certificate", certificate);
  await tab.fill("#maker_name", "Example Works");
  await tab.fill("#serial_numbers", pattern);
  if (shot) await tab.look(`${shot}-maker-chosen`);
  await tab.press("#add_maker");
  await tab.shows("[data-list=makers] li", 1);
  if (shot) await tab.look(`${shot}-makers`);
}

/**
 * Gives the device's code.
 * @param {Tab} tab
 * @param {string} code
 */
async function decide(tab, code) {
  await tab.open("pair");
  await tab.giveText(code);
  await tab.screen("decision");
}

/** @param {Scene} scene */
async function makerSpeaks({ stage, tab, language }) {
  const works = join(stage.home.path, "works");
  const maker = (/** @type {string[]} */ ...args) =>
    run(built("settle-device"), ["maker", ...args], { env: stage.home.environment });
  await maker("ca", "--name", "Example Works", "--directory", works);
  const which = ["--maker", works, "--name", "printer", "--state"];
  const state = join(stage.home.path, "made");
  await maker("device", ...which, state, "--serial-number", "SN-0042");
  await maker("voucher", ...which, state);
  await stage.device.stop();
  await stage.startDevice({ state: "made", isNew: true });

  await tab.open("manage");
  await tab.press("[data-do=show_makers]");
  await tab.shows("[data-part=no_makers]");
  await tab.give("#certificate", join(works, "maker.key"));
  await tab.marks({ error: "maker_unusable" });
  await list(tab, join(works, "maker.pem"), { pattern: "SN-*", shot: language });
  await decide(tab, stage.device.code);
  await tab.reads("[data-text=made_by]", /SN-0042/);
  await tab.look(`${language}-decision-made`);
  await tab.press("#refuse");

  await tab.open("manage");
  await tab.press("[data-do=show_makers]");
  await tab.press("[data-do=remove_maker]");
  await tab.shows("[data-list=makers] li", 0);
  await list(tab, join(works, "maker.pem"), { pattern: "XX-*" });
  await decide(tab, stage.device.code);
  await tab.reads("[data-text=maker_warning]", /Example Works/);
  await tab.look(`${language}-decision-not-made`);
  // It warns, and takes no step away.
  await tab.press("#trust");
  await tab.arrive(ADDRESS);
  expect(await stage.trusted()).toContain("printer.local");
}

const TITLE = "a maker on the list speaks in the decision";

inBothBrowsers("the list of makers", { [TITLE]: makerSpeaks });
inChromium(TITLE, makerSpeaks, "de");
