// A demanding interface behind a paired device: what its page does works as it would without Settle.

import { basename } from "node:path";

import { openPairingPage } from "../harness/browser.js";
import { overBodies, overEvents, overSocket, overStream } from "../harness/carrying.js";
import { inBothBrowsers } from "../harness/journeys.js";
import { test as base, expect } from "../harness/stage.js";
import { ADDRESS, arriveAt } from "../harness/visit.js";

/** @typedef {import("@playwright/test").Page} Page */
/** @typedef {import("../harness/journeys.js").Scene} Scene */

const MIB = 1024 * 1024;

/** @type {import("@playwright/test").TestType<import("../harness/stage.js").Set & { page: Page }, object>} */
const test = /** @type {any} */ (base).extend({
  behind: ["app", { option: true }],
  page: async (
    /** @type {{ stage: import("../harness/stage.js").Stage }} */ { stage },
    /** @type {(page: Page) => Promise<void>} */ use,
  ) => {
    await stage.home.settle("pair", stage.device.code, "--yes");
    const page = await openPairingPage(await stage.browser());
    await expect.poll(() => page.evaluate(() => document.body.dataset.link)).toBe("ready");
    await page.goto(ADDRESS);
    await use(page);
  },
});

test("a WebSocket goes over the connection of its page", async ({ page }) => {
  const [navigation] = await page.evaluate(() => performance.getEntriesByType("navigation"));
  expect(navigation).toMatchObject({ nextHopProtocol: "h2" });
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  /** @type {Promise<string[]>} */
  const asked = new Promise((resolve) => {
    session.on("Network.webSocketWillSendHandshakeRequest", ({ request }) => {
      resolve(Object.keys(request.headers).map((name) => name.toLowerCase()));
    });
  });
  const said = { text: "héllo", length: 3 * MIB };
  expect(await page.evaluate(overSocket, said)).toEqual(said);
  // A stream of HTTP/2 has no key (RFC 8441 §5), unlike a connection of its own.
  const headers = await asked;
  expect(headers).toContain("sec-websocket-version");
  expect(headers).not.toContain("sec-websocket-key");
});

test("a body whose length nobody knows arrives whole", async ({ page }) => {
  // Chromium alone sends such ones.
  expect(await page.evaluate(overStream, 256)).toEqual({ size: 16 * MIB, first: 255, last: 0 });
});

test("cookies are those of the device alone", async ({ page }) => {
  await page.evaluate(() => fetch("/cookie"));
  const cookies = await page.context().cookies();
  expect(cookies.map(({ domain }) => domain)).toEqual(["printer.local", "printer.local"]);
});

/**
 * Trusts the device, and opens its page.
 * @param {Scene} scene
 */
async function enter({ stage, tab }) {
  await stage.home.settle("pair", stage.device.code, "--yes");
  await tab.open("pair");
  await tab.go(ADDRESS);
  await tab.arrive(ADDRESS);
}

/** @param {Scene} scene */
async function socket(scene) {
  await enter(scene);
  const said = { text: "héllo", length: 3 * MIB };
  expect(await scene.tab.askWithin(overSocket, said)).toEqual(said);
}

/** @param {Scene} scene */
async function events(scene) {
  await enter(scene);
  expect(await scene.tab.askWithin(overEvents)).toEqual(["event 0", "event 1"]);
}

/** @param {Scene} scene */
async function bodies(scene) {
  await enter(scene);
  const length = 128 * MIB + 1;
  const carried = await scene.tab.askWithin(overBodies, length);
  expect(carried.size).toBe(length);
  expect(carried.pieces).toBeGreaterThan(1);
  expect(carried.there).toBe(carried.here);
  expect(carried.progress.length).toBeGreaterThan(2);
  expect(carried.progress.at(-1)).toBe(length);
}

/** @param {Scene} scene */
async function cookies(scene) {
  await enter(scene);
  const { kept, sent } = await scene.tab.askWithin(async () => {
    await fetch("/cookie");
    return { kept: document.cookie, sent: await (await fetch("/head")).text() };
  });
  expect(kept).toBe("seen=1");
  expect(sent).toContain('"seen=1; hidden=2"');
}

/** @param {Scene} scene */
async function packed(scene) {
  await enter(scene);
  const { text, encoding, entry } = await scene.tab.askWithin(async () => {
    const answer = await fetch("/gzip");
    const text = await answer.text();
    const [entry] = /** @type {PerformanceResourceTiming[]} */ (
      performance.getEntriesByName(`${location.origin}/gzip`)
    );
    return { text, encoding: answer.headers.get("content-encoding"), entry: entry?.toJSON() };
  });
  expect([text, encoding]).toEqual(["packed", "gzip"]);
  expect(entry.decodedBodySize).toBe(6);
  expect(entry.encodedBodySize).toBe(26);
}

/** @param {Scene} scene */
async function whileAway(scene) {
  await enter(scene);
  const { stage, tab } = scene;
  await tab.will(() => navigator.serviceWorker.controller?.state).toBe("activated");
  await tab.press('a[href="/rooms"]');
  await tab.will(() => location.pathname).toBe("/rooms");

  const { address, state } = stage.device;
  await stage.device.stop();
  await tab.go(`${ADDRESS}lights`);
  await tab.arrive(`${ADDRESS}lights`);
  await tab.reads("main", "Here is /lights");
  const answered = () => tab.askWithin(async () => (await fetch("/head")).status);
  expect(await answered()).toBe(504);

  await stage.startDevice({ state: basename(state), listen: address });
  await expect.poll(answered).toBe(200);
  await tab.ask(() => history.back());
  await tab.reads("main", "Here is /rooms");
}

inBothBrowsers(
  "what a demanding page does",
  {
    "a WebSocket says and hears": socket,
    "events arrive while their stream is open": events,
    "bodies of any length arrive whole, in both directions": bodies,
    "cookies are kept": cookies,
    "what the device has compressed passes as it is": packed,
    "the page's service worker answers while the device is away": whileAway,
  },
  "app",
);

test.describe("a printer server", () => {
  test.use({ behind: "cups" });

  test("CUPS shows its pages and takes what its forms say", async ({ page }) => {
    await expect(page).toHaveTitle(/^Home - CUPS/);
    await page.getByRole("link", { name: "Administration" }).click();
    await page.getByRole("button", { name: "Add Class" }).click();
    await page.locator("[name=PRINTER_NAME]").fill("upstairs");
    await page.locator("[name=PRINTER_LOCATION]").fill("Gäste & Büro");
    await page.getByRole("button", { name: "Add Class" }).click();
    // It goes there by itself, and so under the name that the browser has it by.
    await arriveAt(page, `${ADDRESS}classes/upstairs`);
    await expect(page.locator("body")).toContainText("Gäste & Büro");
  });
});

test.describe("a box that loads files", () => {
  test.use({ behind: "transmission" });

  test("Transmission's program talks to its server", async ({ page }) => {
    await arriveAt(page, `${ADDRESS}transmission/web/`);
    const slow = page.locator("#turtle-button");
    await expect(slow).not.toHaveClass(/selected/);
    await slow.click();
    await expect(slow).toHaveClass(/selected/);
    // The server has it, not the page alone.
    await page.reload();
    await expect(slow).toHaveClass(/selected/);
  });
});
