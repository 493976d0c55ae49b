// A demanding interface behind a paired device: what its page does works as it would without Settle.

import { openPairingPage } from "../harness/browser.js";
import { overBodies, overEvents, overSocket, overStream } from "../harness/carrying.js";
import { test as base, expect } from "../harness/stage.js";
import { ADDRESS, arriveAt } from "../harness/visit.js";

/** @typedef {import("@playwright/test").Page} Page */

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

test("events arrive while their stream is open", async ({ page }) => {
  expect(await page.evaluate(overEvents)).toEqual(["event 0", "event 1"]);
});

test("bodies of any length arrive whole, in both directions", async ({ page }) => {
  const length = 128 * MIB + 1;
  const carried = await page.evaluate(overBodies, length);
  expect(carried.size).toBe(length);
  expect(carried.pieces).toBeGreaterThan(1);
  expect(carried.there).toBe(carried.here);
  expect(carried.progress.length).toBeGreaterThan(2);
  expect(carried.progress.at(-1)).toBe(length);
  expect(await page.evaluate(overStream, 256)).toEqual({ size: 16 * MIB, first: 255, last: 0 });
});

test("cookies are kept, and those of the device alone", async ({ page }) => {
  await page.evaluate(() => fetch("/cookie"));
  expect(await page.evaluate(() => document.cookie)).toBe("seen=1");
  const head = await page.evaluate(async () => (await fetch("/head")).text());
  expect(head).toContain('"seen=1; hidden=2"');
  const cookies = await page.context().cookies();
  expect(cookies.map(({ domain }) => domain)).toEqual(["printer.local", "printer.local"]);
});

test("what the device has compressed passes as it is", async ({ page }) => {
  const { text, encoding, entry } = await page.evaluate(async () => {
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
});

test("the page's service worker answers while the device is away", async ({ stage, page }) => {
  await page.evaluate(() => navigator.serviceWorker.ready);
  await expect
    .poll(() => page.evaluate(() => navigator.serviceWorker.controller?.state))
    .toBe("activated");
  await page.getByRole("link", { name: "Rooms" }).click();
  expect(await page.evaluate(() => location.pathname)).toBe("/rooms");

  const { address } = stage.device;
  await stage.device.stop();
  await page.goto(`${ADDRESS}lights`);
  await arriveAt(page, `${ADDRESS}lights`);
  await expect(page.getByRole("main")).toHaveText("Here is /lights");
  const away = () => page.evaluate(async () => (await fetch("/head")).status);
  expect(await away()).toBe(504);

  await stage.startDevice({ listen: address });
  await expect.poll(away).toBe(200);
  await page.goBack();
  await expect(page.getByRole("main")).toHaveText("Here is /rooms");
});

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
