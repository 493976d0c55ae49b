// The decision: who it is, what trusting it means, and that nothing happens without consent.

import { Device } from "../harness/device.js";
import { inBothBrowsers } from "../harness/journeys.js";
import { expect } from "../harness/stage.js";
import { ADDRESS } from "../harness/visit.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */

/** @param {Scene} scene */
async function whoItIs({ stage, tab }) {
  await tab.open("pair");
  await tab.look("pairing-page");
  await tab.giveText(stage.device.code.toLowerCase());
  await tab.screen("decision");
  for (const text of ["kind", "unique_name", "fingerprint", "scope", "role", "proof"]) {
    await tab.tells(`[data-text="${text}"]`);
  }
  await tab.reads('[data-text="label"]', "printer");
  await tab.look("decision");
}

/** @param {Scene} scene */
async function notTheDefault({ stage, tab }) {
  await tab.open("pair");
  await tab.giveText(stage.device.code);
  await tab.screen("decision");
  await tab.shows("#trust:enabled");
  await tab.shows("#trust:focus", 0);
  await tab.shows('[data-screen="decision"] :focus');
  await tab.strike("Enter");
  await tab.screen("decision");
  expect(stage.device.paired).toBe(false);
  expect(await stage.trusted()).toEqual([]);
}

/** @param {Scene} scene */
async function refused({ stage, tab }) {
  await tab.open("pair");
  await tab.giveText(stage.device.code);
  await tab.screen("decision");
  await tab.press("#refuse");
  await tab.marks({ outcome: "refused" });
  await tab.look("refused");
  expect(await stage.trusted()).toEqual([]);
  expect(stage.device.paired).toBe(false);
}

/** @param {Scene} scene */
async function left({ stage, tab }) {
  await tab.open("pair");
  await tab.giveText(stage.device.code);
  await tab.screen("decision");
  await tab.go("about:blank");
  expect(await stage.trusted()).toEqual([]);
  expect(stage.device.paired).toBe(false);
}

/** @param {Scene} scene */
async function nameTaken({ stage, tab }) {
  await tab.pair(stage.device.picture);
  const other = await Device.start(stage.home, stage.site.url, { state: "other" });
  try {
    await tab.open("pair");
    await tab.giveText(other.code);
    await tab.screen("decision");
    await tab.shows("#trust:disabled");
    await tab.tells('[data-text="petname_problem"]');
    await tab.look("decision-name-taken");
    await tab.fill("#petname", "upstairs");
    await tab.press("#trust");
    await tab.arrive("https://upstairs.local/");
    await tab.go(ADDRESS);
    await tab.arrive(ADDRESS);
    expect(await stage.trusted()).toEqual(
      expect.arrayContaining(["printer.local", "upstairs.local"]),
    );
  } finally {
    await other.stop();
  }
}

inBothBrowsers("the decision", {
  "a pasted code leads to a decision that says who it is": whoItIs,
  "consent is never the default": notTheDefault,
  "a refusal leaves nothing on either side": refused,
  "a page that is left at the decision has refused": left,
  "a second device of the same name needs a name of its own": nameTaken,
});
