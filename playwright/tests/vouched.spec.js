// What a referee vouches for: after one pairing with the referee it opens without a question, and where nobody
// vouches the page asks for a code as ever.

import { inBothBrowsers, inChromium } from "../harness/journeys.js";
import { Referee } from "../harness/referee.js";
import { expect, LONG_NAME } from "../harness/stage.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */

const NAS = "https://nas.local/";
/** Nothing has this name. */
const ABSENT = "https://absent.local/";

/**
 * Pairs with a new referee on the way to `address`, and opens that.
 * @param {Scene} scene
 * @param {string} address
 * @param {(referee: Referee) => Promise<void>} journey
 * @param {(referee: Referee, name: string) => Promise<{ stop(): void }>} serve what has that name
 */
async function withReferee(
  { stage, tab, language },
  address,
  journey,
  serve = (referee, name) => referee.server(name),
) {
  const referee = await Referee.start(stage.home, `referee-${Date.now()}`);
  const { hostname } = new URL(address);
  const server = await serve(referee, hostname);
  try {
    await tab.land(address, "pair");
    await tab.marks({ link: "ready" });
    await tab.screen("ask");
    await tab.giveText(referee.code);
    await tab.screen("decision");
    await tab.tellsApart('[data-text="fingerprint_words"]', '[data-text="authority_words"]');
    if (hostname === "nas.local") await tab.look(`${language}-decision-referee`);
    await tab.press("#trust");
    await tab.arrive(address);
    await tab.reads("h1", hostname);
    await journey(referee);
  } finally {
    server.stop();
    await referee.stop();
  }
}

/** @param {Scene} scene */
async function opens(scene) {
  const { stage, tab, language } = scene;
  await withReferee(scene, NAS, async () => {
    expect(await tab.ask(() => isSecureContext)).toBe(true);
    expect(await stage.trusted()).toEqual(expect.arrayContaining(["nas.local", "referee.local"]));

    await tab.open("manage");
    await tab.shows('[data-list="devices"] > li', 2);
    await tab.look(`${language}-manage-with-referee`);
    await tab.press('[data-list="devices"] > li:first-of-type .name');
    await tab.reads("h1:not([hidden] *)", "nas.local");
    await tab.shows("#petname", 0);
    await tab.look(`${language}-manage-vouched`);
    await tab.press('[data-list="vouchers"] .name');
    await tab.reads("h1:not([hidden] *)", "referee.local");
    await tab.tellsApart('[data-text="fingerprint_words"]', '[data-text="authority_words"]');
    await tab.look(`${language}-manage-referee`);
    await tab.press('[data-list="vouched"] .name');
    await tab.reads("h1:not([hidden] *)", "nas.local");
    await tab.press("#forget");
    await tab.press("#forget_confirm");
    await tab.shows('[data-list="devices"] > li', 1);

    // Nobody clicks anything.
    await tab.go(NAS);
    await tab.arrive(NAS);
    await tab.reads("h1", "nas.local");
  });
}

/** @param {Scene} scene */
async function endsWithIt(scene) {
  const { stage, tab } = scene;
  await withReferee(scene, NAS, async () => {
    await stage.home.settle("revoke", "referee.local");
    await tab.open("popup");
    await tab.shows('[data-list="devices"] > li', 0);
    await tab.land(NAS, "pair");
    await tab.screen("ask");
    expect(await stage.trusted()).toEqual([]);
  });
}

/** @param {Scene} scene */
async function nobodyVouches(scene) {
  const { tab } = scene;
  await withReferee(scene, NAS, async () => {
    // Nothing is found, which takes its time; whoever has a code need not wait.
    await tab.land(ABSENT, "pair");
    await tab.screen("vouching");
    await tab.look("vouching");
    await tab.press("#by_code");
    await tab.screen("ask");
    await tab.go("about:blank");
    await tab.land(ABSENT, "pair");
    await tab.screen("vouching");
    await tab.screen("ask");
    await tab.shows('[data-part="error"]', 0);
  });
}

/** @param {Scene} scene */
async function byCaddy(scene) {
  const { tab } = scene;
  const journey = async (/** @type {Referee} */ referee) => {
    expect(await tab.ask(() => isSecureContext)).toBe(true);
    const { certificates } = JSON.parse(await referee.says("certificates", "--json"));
    expect(certificates).toHaveLength(1);
    expect(certificates[0].names).toEqual(["nas.local"]);
  };
  await withReferee(scene, NAS, journey, (referee, name) => referee.caddy(name));
}

/** @param {Scene} scene */
async function longName(scene) {
  const { tab, language } = scene;
  await withReferee(scene, `https://${LONG_NAME}.local/`, async () => {
    await tab.open("manage");
    await tab.press(`[data-list="devices"] > li:last-of-type .name`);
    await tab.reads("h1:not([hidden] *)", `${LONG_NAME}.local`);
    await tab.look(`${language}-manage-vouched-long`);
    await tab.press('[data-list="vouchers"] .name');
    await tab.look(`${language}-manage-referee-long`);
  });
}

inBothBrowsers("what a referee vouches for", {
  "it opens after one pairing with the referee": opens,
  "a server of others that got its certificate by ACME opens with no warning": byCaddy,
  "it ends with the referee": endsWithIt,
  "where nobody vouches a code is asked for": nobodyVouches,
});
inChromium("a referee and what it vouches for", opens, "de");
inChromium("a name as long as a name can be", longName, "de");
