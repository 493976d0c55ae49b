// The referee's pages with what servers have left there: many, long and hostile names are listed as text, in a place of
// their own, and everything can be taken back.

import { AcmeServer } from "../harness/acme.js";
import { administered, PAGE } from "../harness/administered.js";
import { inBothBrowsers, inChromium } from "../harness/journeys.js";
import { expect, LONG_NAME } from "../harness/stage.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */
/** @typedef {import("../harness/referee.js").Referee} Referee */

const LONG = Array.from({ length: 18 }, (_, at) => `${at}-${LONG_NAME.slice(4)}.local`);
/** What would be a script, a link or a heading if it were no text. */
const HOSTILE = [
  `<script>document.title="taken"</script>`,
  `"><img src=x onerror=alert(1)>`,
  `</pre></code><h1>Trust&nbsp;me</h1>`,
  "javascript:alert(1)",
];
/** Such as a mail address may be. */
const MAIL = `"<b>'admin'</b>"@${LONG_NAME}.local`;

/**
 * Has a referee that is administered be at work for a while.
 * @param {Scene} scene
 * @param {(referee: Referee) => Promise<void>} journey
 */
async function atWork(scene, journey) {
  await administered(scene, async (referee) => {
    const nas = await AcmeServer.join(referee, ["nas.local"], ["mailto:ada@house.local"]);
    await nas.obtain(["nas.local"]);
    const hostile = await AcmeServer.join(referee, LONG, [`mailto:${MAIL}`]);
    await hostile.obtain(LONG);
    expect((await hostile.order(HOSTILE)).status).toBe(403);
    await journey(referee);
  });
}

/** @param {Scene} scene */
async function everyPage(scene) {
  const { tab } = scene;
  await atWork(scene, async (referee) => {
    await referee.says("authorize", "cam.local", "--est");
    const challenge = ["--challenge", "http-01", "--address", "192.0.2.7"];
    await referee.says("authorize", "hub.local", ...challenge);
    await referee.says("authorize", "door.local", "--key", "A".repeat(43));
    await tab.go(`${PAGE}names`);
    await tab.shows(".rows .what", LONG.length + 4);
    await tab.look("referee-names-many");

    await tab.press('nav a[href="/accounts"]');
    await tab.shows(".rows > li", 2);
    expect(await tab.ask(() => document.body.textContent)).toContain(MAIL);
    await tab.look("referee-accounts");
    await tab.press(".rows > li:last-child summary");
    await tab.look("referee-accounts-end");
    await tab.press(".rows > li:last-child button");
    await tab.reads(".rows .tag", "ended");
    await tab.look("referee-accounts-ended");

    await tab.press('nav a[href="/certificates"]');
    await tab.shows(".rows > li", 2);
    await tab.look("referee-certificates");
    await tab.press(".rows > li:first-child summary");
    await tab.look("referee-certificates-revoke");
    await tab.press(".rows > li:first-child button");
    await tab.reads(".rows .tag", "revoked");
    await tab.look("referee-certificates-revoked");

    await tab.press('nav a[href="/log"]');
    await tab.reads("h1", "Log");
    await tab.look("referee-log-long");
  });
}

/** @param {Scene} scene */
async function textAlone(scene) {
  const { tab } = scene;
  await atWork(scene, async () => {
    for (const path of ["names", "accounts", "certificates", "log"]) {
      await tab.go(`${PAGE}${path}`);
      await tab.shows("h1", 1);
      await tab.shows("main script, main img, main b", 0);
      expect(await tab.ask(() => document.title)).toContain("referee.local");
      expect(await tab.ask(isAsWideAsTheTab)).toBe(true);
    }
    expect(await tab.ask(() => document.body.textContent)).toContain(HOSTILE.join(" "));
  });
}

/** Nothing has to be scrolled to from side to side. */
function isAsWideAsTheTab() {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth <= clientWidth;
}

inChromium("every page of a referee at work is looked at", everyPage);
inBothBrowsers("the referee's pages with content", {
  "what servers say is text on every page": textAlone,
});
