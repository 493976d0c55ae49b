// The referee's own page, for who administers it: names are granted and taken back there, without a script.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { administered, PAGE } from "../harness/administered.js";
import { inBothBrowsers, inChromium } from "../harness/journeys.js";
import { built } from "../harness/programs.js";
import { expect, LONG_NAME } from "../harness/stage.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */
/** @typedef {import("../harness/referee.js").Referee} Referee */

const run = promisify(execFile);

/**
 * The names that the referee has granted, as its owner's command lists them.
 * @param {Scene} scene
 * @param {Referee} referee
 * @returns {Promise<string[]>}
 */
async function names({ stage }, referee) {
  const list = ["names", "--json", "--state", referee.state];
  const { stdout } = await run(built("settle-referee"), list, { env: stage.home.environment });
  return JSON.parse(stdout).names.map((/** @type {{ name: string }} */ { name }) => name);
}

/**
 * Grants a name on the page, and takes it back there.
 * @param {Scene} scene
 * @param {string} name
 */
async function grants(scene, name) {
  const { tab } = scene;
  await administered(scene, async (referee) => {
    await tab.reads("h1", "Names");
    await tab.look("referee-names-none");
    await tab.fill("#names", name);
    await tab.press("form > button");
    await tab.reads("h1", "Granted");
    await tab.shows("pre", 3);
    await tab.look("referee-granted");
    expect(await names(scene, referee)).toEqual([name]);

    await tab.go(`${PAGE}names`);
    await tab.reads(".rows .what", name);
    await tab.look("referee-names");
    await tab.press(".act summary");
    await tab.look("referee-names-withdraw");
    await tab.press(".act button");
    await tab.arrive(`${PAGE}names`);
    await tab.shows(".rows .what", 0);
    expect(await names(scene, referee)).toEqual([]);

    await tab.press('nav a[href="/log"]');
    await tab.reads("h1", "Log");
    await tab.words(".log strong").toEqual([name, name]);
    await tab.look("referee-log");
    await tab.press('nav a[href="/authority"]');
    await tab.reads("h1", "Authority");
    await tab.look("referee-authority");
  });
}

/** @param {Scene} scene */
async function says(scene) {
  const { tab } = scene;
  await administered(scene, async (referee) => {
    await tab.fill("#names", "bank.example");
    await tab.press("form > button");
    await tab.reads('[role="alert"]', /bank\.example/);
    await tab.press("form > details summary");
    await tab.look("referee-names-refused");
    expect(await names(scene, referee)).toEqual([]);
  });
}

/**
 * Hands a name over in the manager, to be pasted on a server.
 * @param {Scene} scene
 * @param {string} name
 */
async function handsOver(scene, name) {
  const { tab, language } = scene;
  await administered(scene, async (referee) => {
    await tab.open("manage");
    await tab.press('[data-list="devices"] .name');
    await tab.press("#show_handover");
    await tab.screen("handover");
    await tab.fill("#handed_name", "bank.example");
    await tab.tells('[data-text="handed_name_problem"]');
    await tab.fill("#handed_name", name);
    await tab.look(`${language}-handover`);
    await tab.press("#hand_over");
    await tab.shows('[data-list="lines"] > li', 3);
    await tab.reads('[data-list="lines"] > li:first-of-type [data-text="lines"]', /--eab-kid/);
    await tab.pressByKey('[data-list="lines"] > li:first-of-type [data-copy]');
    await tab.tells('[data-list="lines"] > li:first-of-type [role="status"]');
    await tab.press("details:has(#copy_root) summary");
    await tab.look(`${language}-handed-over`);
    expect(await names(scene, referee)).toEqual([name]);
    await tab.press("[data-do=close_handover]");
    await tab.screen("device");
    await tab.press("#show_handover");
    await tab.fill("#handed_by", "est");
    await tab.fill("#handed_name", "cam.local");
    await tab.press("#hand_over");
    await tab.shows('[data-list="lines"] > li', 3);
    await tab.reads('[data-list="lines"] > li:nth-of-type(2) [data-text="lines"]', /simpleenroll/);
    await tab.copies('[data-list="lines"] > li:nth-of-type(2)');
  });
}

inBothBrowsers("the referee's page", {
  "a name is handed over in the manager": (scene) => handsOver(scene, "nas.local"),
  "a name is granted and taken back": (scene) => grants(scene, "nas.local"),
  "what cannot be granted is said": says,
});
inChromium(
  "a name as long as a name can be is granted",
  (scene) => grants(scene, `${LONG_NAME}.local`),
  "de",
);
inChromium(
  "a long name is handed over in the manager",
  (scene) => handsOver(scene, `${LONG_NAME}.local`),
  "de",
);
