// From an unpaired name to the device's page, and what that page may do.

import { openPairingPage, securityState, showsInterstitial } from "../harness/browser.js";
import { localQuestions } from "../harness/dns.js";
import { inBothBrowsers } from "../harness/journeys.js";
import { look } from "../harness/look.js";
import { CONTROL_NAME, expect, test } from "../harness/stage.js";
import { ADDRESS, addressOf, arriveAt, pairByPicture } from "../harness/visit.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */

/** @param {Scene} scene */
async function unpaired({ tab }) {
  for (const address of [ADDRESS, "http://printer.local/jobs", "https://nas.home.arpa/"]) {
    await tab.land(address, "pair");
    expect(decodeURIComponent(await tab.ask(() => location.hash))).toContain(new URL(address).host);
    await tab.screen("ask");
  }
}

/** @param {Scene} scene */
async function secure({ stage, tab }) {
  await tab.pair(stage.device.picture);
  expect(await tab.ask(() => isSecureContext)).toBe(true);
  const digest = await tab.askWithin(async () => {
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("abc"));
    return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  });
  expect(digest).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  await tab.askWithin(async () => {
    await navigator.serviceWorker.register("/worker.js");
    await navigator.serviceWorker.ready;
  });
  await tab.go(`${ADDRESS}jobs`);
  await tab.will(() => navigator.serviceWorker.controller?.state).toBe("activated");
  const answer = await tab.askWithin(async () => (await fetch("/from-worker")).text());
  expect(answer).toBe("answered by the worker");
  expect(stage.site.requests).not.toContain("/from-worker");
}

inBothBrowsers("from an unpaired name to a secure page", {
  "an unpaired name leads to the pairing page, which remembers the address": unpaired,
  "the device's page is a secure context in every way": secure,
});

test("a picture of the code opens the device's page without a warning", async ({ stage }) => {
  const context = await stage.browser();
  const page = await openPairingPage(context);
  const response = await pairByPicture(page, stage.device.picture);
  expect(response.status()).toBe(200);
  expect(await addressOf(page)).toBe(ADDRESS);
  expect(await page.title()).toBe("Ready · Printer");
  expect(await showsInterstitial(page)).toBe(false);
  expect(await securityState(page)).toBe("secure");
  expect(stage.device.paired).toBe(true);
  expect(await stage.trusted()).toContain("printer.local");
  await look(page, "paired-page");

  await page.getByRole("link", { name: "Supplies" }).click();
  await arriveAt(page, `${ADDRESS}supplies`);
  await expect(page.getByRole("heading")).toHaveText("Supplies");
  expect(stage.site.requests).toContain("/supplies");

  await page.goto("http://printer.local/jobs");
  expect(await addressOf(page)).toBe(`${ADDRESS}jobs`);
});

test("the pairing is there after the browser was closed", async ({ stage }) => {
  const first = await stage.browser();
  await pairByPicture(await openPairingPage(first), stage.device.picture);
  await first.close();
  const page = await openPairingPage(await stage.bareBrowser());
  const response = await page.goto(ADDRESS);
  expect(response?.status()).toBe(200);
});

test("a browser without Settle asks the network, and the tests see it", async ({ stage }) => {
  const context = await stage.bareBrowser({ extension: false });
  const page = context.pages()[0] ?? (await context.newPage());
  await expect(page.goto(`https://${CONTROL_NAME}/`)).rejects.toThrow();
  expect(await localQuestions()).toContain(CONTROL_NAME);
});
