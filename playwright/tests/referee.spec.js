// The referee's own page, for who administers it: names are granted and taken back there, without a script.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { inBothBrowsers, inChromium } from "../harness/journeys.js";
import { built } from "../harness/programs.js";
import { Referee } from "../harness/referee.js";
import { expect, LONG_NAME } from "../harness/stage.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */

const run = promisify(execFile);
const PAGE = "https://referee.local/";

/**
 * Pairs with a new referee, whose page is shown then.
 * @param {Scene} scene
 * @param {(referee: Referee) => Promise<void>} journey
 */
async function administered({ stage, tab }, journey) {
  const referee = await Referee.start(stage.home, `referee-${Date.now()}`);
  try {
    await tab.land(PAGE, "pair");
    await tab.marks({ link: "ready" });
    await tab.giveText(referee.code);
    await tab.screen("decision");
    await tab.press("#trust");
    await tab.arrive(PAGE);
    await journey(referee);
  } finally {
    await referee.stop();
  }
}

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

inBothBrowsers("the referee's page", {
  "a name is granted and taken back": (scene) => grants(scene, "nas.local"),
  "what cannot be granted is said": says,
});
inChromium(
  "a name as long as a name can be is granted",
  (scene) => grants(scene, `${LONG_NAME}.local`),
  "de",
);
