// Codes that the camera sees: a real one in a made-up film, since there is no camera here. Firefox plays no film of ours:
// in `firefox.spec.js` the code comes from a canvas.

import { openPairingPage } from "../harness/browser.js";
import { film } from "../harness/film.js";
import { inBothBrowsers } from "../harness/journeys.js";
import { look } from "../harness/look.js";
import { expect, test } from "../harness/stage.js";
import { ADDRESS, arriveAt, onScreen } from "../harness/visit.js";

const FAKE = ["--use-fake-device-for-media-stream"];
const ALLOWED = [...FAKE, "--use-fake-ui-for-media-stream"];

test("the camera finds a code, is off at once, and the device's page opens", async ({ stage }) => {
  const frames = await film(stage.home.path, stage.device.code);
  const more = [...ALLOWED, `--use-file-for-fake-video-capture=${frames}`];
  const page = await openPairingPage(await stage.browser({ more }));
  await page.evaluate(() => {
    const { mediaDevices } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (wanted) => {
      const stream = await open(wanted);
      Object.assign(globalThis, { tracks: stream.getTracks() });
      return stream;
    };
  });
  await page.locator("#scan").click();
  await onScreen(page, "decision");
  const states = await page.evaluate(() =>
    /** @type {any} */ (globalThis).tracks.map(
      (/** @type {MediaStreamTrack} */ it) => it.readyState,
    ),
  );
  expect(states).toEqual(["ended"]);
  await page.locator("#trust").click();
  await arriveAt(page, ADDRESS);
});

for (const language of ["en", "de"]) {
  test(`what the camera sees is told while it looks: ${language}`, async ({ stage }) => {
    // Chromium's own film has no code in it.
    const page = await openPairingPage(await stage.browser({ language, more: ALLOWED }));
    await page.locator("#scan").click();
    await onScreen(page, "scan");
    await page.waitForFunction(() => {
      const video = document.querySelector("video");
      return (video?.videoWidth ?? 0) > 0 && !video?.paused;
    });
    await look(page, `${language}-scan`);
    await page.locator("#stop_scan").click();
    await onScreen(page, "ask");
    expect(await page.evaluate(() => document.querySelector("video")?.srcObject)).toBeNull();
    await look(page, `${language}-ask-with-camera`);
  });
}

/** @param {import("../harness/journeys.js").Scene} scene */
async function noCamera({ tab }) {
  await tab.open("pair");
  await tab.press("#scan");
  await tab.fault("error", "camera_missing");
  await tab.look("camera-missing");
  await tab.ask(() => {
    const error = new DOMException("no", "NotAllowedError");
    navigator.mediaDevices.getUserMedia = () => Promise.reject(error);
  });
  await tab.press("#scan");
  await tab.fault("error", "camera_forbidden");
  await tab.look("camera-forbidden");
}

inBothBrowsers("no camera", {
  "a camera that is not allowed, and one that is not there, are told apart": noCamera,
});
