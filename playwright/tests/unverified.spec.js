// What cannot pair opens without, once the user has said so: not secure, as the browser says itself, remembered until it
// is taken back, and for no name that a device has.

import { join } from "node:path";

import { inBothBrowsers, inChromium } from "../harness/journeys.js";
import { expect, LONG_NAME } from "../harness/stage.js";
import { CAMERA_NAME, startUnpairable } from "../harness/unpairable.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */

const CAMERA = `http://${CAMERA_NAME}/live?x=1`;

/** What the button shows of the tab that a popup is about. */
async function badge() {
  const own = await chrome.tabs.getCurrent();
  return chrome.action.getBadgeText({ tabId: own?.openerTabId ?? -1 });
}

/**
 * Starts a camera, and goes to the pairing page in its place.
 * @param {Scene} scene
 * @param {string} address
 * @param {(camera: Awaited<ReturnType<typeof startUnpairable>>) => Promise<void>} journey
 */
async function onTheWay({ stage, tab }, address, journey) {
  const { hostname } = new URL(address);
  const camera = await startUnpairable(join(stage.home.path, "camera"), hostname, "http");
  try {
    await tab.land(address, "pair");
    await tab.marks({ link: "ready" });
    await journey(camera);
  } finally {
    camera.stop();
  }
}

/** @param {Scene} scene */
async function opens(scene) {
  const { stage, tab, language } = scene;
  await onTheWay(scene, CAMERA, async (camera) => {
    await tab.look(`${language}-ask-unverified`);
    await tab.press("#ask_unverified");
    await tab.screen("unverified");
    await tab.shows("#open_unverified:focus", 0);
    await tab.look(`${language}-unverified`);
    await tab.press("#keep_closed");
    await tab.screen("ask");
    expect(camera.requests).toEqual([]);
    await tab.press("#ask_unverified");
    await tab.press("#open_unverified");
    await tab.arrive(CAMERA);
    await tab.reads("h1", "Camera");
    expect(await tab.ask(() => isSecureContext)).toBe(false);
    expect(camera.requests).toContain("GET /live?x=1");

    const popup = await tab.popup();
    await popup.tells('[data-list="unverified"] [data-text="not_verified"]');
    expect(await popup.ask(badge)).toBe("?");
    await popup.look(`${language}-popup-unverified`);
    await popup.close();

    // It is remembered, in other tabs and by the daemon.
    await tab.go("about:blank");
    await tab.go(CAMERA);
    await tab.arrive(CAMERA);
    expect(await stage.home.settle("unverified", "list")).toContain(CAMERA_NAME);
    await tab.open("manage");
    await tab.look(`${language}-manage-unverified`);
    await tab.press("[data-do=remove_unverified]");
    await tab.shows("[data-do=remove_unverified]", 0);
    await tab.look(`${language}-manage-unverified-undo`);
    await tab.land(CAMERA, "pair");
    await tab.open("manage");
    expect(await stage.home.settle("unverified", "list")).not.toContain(CAMERA_NAME);
  });
}

/** @param {Scene} scene */
async function undone(scene) {
  const { tab } = scene;
  await onTheWay(scene, CAMERA, async () => {
    await tab.press("#ask_unverified");
    await tab.press("#open_unverified");
    await tab.arrive(CAMERA);
    await tab.open("manage");
    await tab.press("[data-do=remove_unverified]");
    await tab.shows("[data-do=remove_unverified]", 0);
    await tab.press("#undo");
    await tab.shows("[data-do=remove_unverified]", 1);
    await tab.go(CAMERA);
    await tab.arrive(CAMERA);
    const popup = await tab.popup();
    await popup.press("[data-do=remove_unverified]");
    await popup.shows("[data-do=remove_unverified]", 0);
    await popup.close();
    await tab.land(CAMERA, "pair");
  });
}

/** @param {Scene} scene */
async function withoutHttps(scene) {
  const { tab } = scene;
  // As browsers go where nothing is said: there is no such server, so what there is opens.
  await onTheWay(scene, `https://${CAMERA_NAME}/`, async () => {
    await tab.press("#ask_unverified");
    await tab.press("#open_unverified");
    await tab.arrive(`http://${CAMERA_NAME}/`);
  });
}

/** @param {Scene} scene */
async function pairedLater(scene) {
  const { stage, tab } = scene;
  await stage.home.settle("unverified", "add", "printer.local", "--yes");
  await tab.open("pair");
  await tab.give("#picture", stage.device.picture);
  await tab.screen("decision");
  await tab.press("#trust");
  await tab.arrive("https://printer.local/");
  expect(await stage.home.settle("unverified", "list")).not.toContain("printer.local");
  await tab.go("http://printer.local/");
  await tab.arrive("https://printer.local/");
  expect(await tab.ask(() => isSecureContext)).toBe(true);
}

/** @param {Scene} scene */
async function longName(scene) {
  const { tab, language } = scene;
  const address = `http://${LONG_NAME}.local/`;
  await onTheWay(scene, address, async () => {
    await tab.press("#ask_unverified");
    await tab.screen("unverified");
    await tab.look(`${language}-unverified-long`);
    await tab.press("#open_unverified");
    await tab.arrive(address);
    const popup = await tab.popup();
    await popup.tells('[data-list="unverified"] [data-text="not_verified"]');
    await popup.look(`${language}-popup-unverified-long`);
    await popup.close();
    await tab.open("manage");
    await tab.look(`${language}-manage-unverified-long`);
  });
}

inBothBrowsers("what cannot pair", {
  "it opens without, and is remembered until that is taken back": opens,
  "what was taken back can be undone": undone,
  "where nobody takes https, http opens": withoutHttps,
  "a device has its name for itself": pairedLater,
});
inChromium("what cannot pair", opens, "de");
inChromium("a long name that opens without pairing", longName, "de");
