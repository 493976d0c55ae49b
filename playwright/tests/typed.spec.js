// Codes that are typed: followed symbol by symbol, and enough to find the device on the network.

import { Device } from "../harness/device.js";
import { inBothBrowsers, inChromium } from "../harness/journeys.js";
import { ADDRESS } from "../harness/visit.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */

/** @param {Scene} scene */
async function typed({ stage, tab }) {
  await tab.open("pair");
  const device = await Device.start(stage.home, stage.site.url, { state: "typed", announce: true });
  try {
    await tab.fill("#code", device.typed.slice(0, 14).toLowerCase());
    await tab.reads("#typed", "12 of 32 characters");
    await tab.marks({ typed: "partial" });
    await tab.look("typed-partial");

    const third = device.typed[11] === "7" ? "8" : "7";
    await tab.fill("#code", device.typed.slice(0, 11) + third + device.typed.slice(12));
    await tab.reads("#typed", /Group 3/);
    await tab.look("typed-wrong-group");
    await tab.press("#use_code");
    await tab.fault("error", "code_mistyped");
    // It is there to be mended.
    await tab.holds("#code", /^.{39}$/);
    await tab.look("typed-wrong-used");

    await tab.giveText(device.typed);
    await tab.screen("decision");
    await tab.press("#trust");
    await tab.arrive(ADDRESS);
    await tab.reads("h1", "Ready");
  } finally {
    await device.stop();
  }
}

/** @param {Scene} scene */
async function inWords({ stage, tab }) {
  await tab.open("pair");
  const words = stage.device.words.split(" ");
  await tab.fill("#code", words.slice(0, 5).join(" "));
  await tab.reads("#typed", "5 von 14 Wörtern");
  await tab.fill("#code", [...words.slice(0, 5), "zoo", ...words.slice(6)].join(" "));
  await tab.reads("#typed", /Wort 6/);
  await tab.look("de-typed-wrong-word");
  // The device of the stage announces nothing, so nobody shows this code.
  await tab.giveText(stage.device.words);
  await tab.fault("error", "no_device_shows");
  await tab.holds("#code", "");
  await tab.reads("#typed", "");
  await tab.look("de-no-device-shows");
}

inBothBrowsers("typed codes", {
  "a typed code is followed, its wrong group named, and its device found": typed,
});
inChromium("a code in words is followed too", inWords, "de");
