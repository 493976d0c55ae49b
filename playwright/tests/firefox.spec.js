// The same in Firefox: from an unpaired name to the device's page, and what stands in its way.

import { cp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { By } from "selenium-webdriver";

import { FIREFOX_EXTENSION } from "../harness/firefox.js";
import { arriveIn, giveCode, onPage, say, visit } from "../harness/firefox-visit.js";
import { PATIENCE, setting } from "../harness/programs.js";
import { expect, test } from "../harness/stage.js";
import { ADDRESS } from "../harness/visit.js";

test("a code opens the device's page in Firefox without a warning", async ({ stage }) => {
  const driver = await stage.firefox();
  await visit(driver, `${ADDRESS}supplies`);
  await arriveIn(driver, `${FIREFOX_EXTENSION}/pair.html#${ADDRESS}supplies`);
  await onPage(driver, { page: "pair", link: "ready" });
  await giveCode(driver, stage.device.code);
  await arriveIn(driver, `${ADDRESS}supplies`);
  expect(await driver.executeScript(() => isSecureContext)).toBe(true);
  expect(await driver.getTitle()).toBe("Supplies · Printer");
  expect(stage.device.paired).toBe(true);
  expect(stage.site.requests).toContain("/supplies");

  // Plain HTTP leads there too, and nothing goes out by it.
  await visit(driver, "http://printer.local/jobs");
  await arriveIn(driver, `${ADDRESS}jobs`);
  // A name that is not paired stays one.
  await visit(driver, "https://www.printer.local/");
  await arriveIn(driver, `${FIREFOX_EXTENSION}/pair.html#https://www.printer.local/`);
});

test("the camera finds a code in Firefox", async ({ stage }) => {
  const driver = await stage.firefox();
  await visit(driver, `${FIREFOX_EXTENSION}/pair.html#${ADDRESS}`);
  await onPage(driver, { page: "pair", link: "ready" });
  // Firefox has a made-up camera, but no film for it: the code is put on a canvas instead.
  const picture = (await readFile(stage.device.picture)).toString("base64");
  await driver.executeScript((/** @type {string} */ encoded) => {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    const canvas = document.createElement("canvas");
    canvas.width = 640;
    canvas.height = 480;
    const context = canvas.getContext("2d");
    navigator.mediaDevices.getUserMedia = async () => {
      const code = await createImageBitmap(new Blob([bytes]));
      setInterval(() => {
        context?.fillRect(0, 0, 640, 480);
        context?.drawImage(code, 130, 50, 380, 380);
      }, 50);
      return canvas.captureStream(20);
    };
  }, picture);
  await driver.findElement(By.id("scan")).click();
  const trust = await driver.findElement(By.id("trust"));
  await expect.poll(() => trust.isDisplayed(), { timeout: PATIENCE }).toBe(true);
  expect(await say(driver, () => document.querySelector("video")?.srcObject)).toBeNull();
  await trust.click();
  await arriveIn(driver, ADDRESS);
});

test("Firefox says that its certificate store lacks the bridge authority", async ({ stage }) => {
  await stage.home.settle("pair", stage.device.code, "--yes");
  const driver = await stage.firefox({ forgetful: true });
  await visit(driver, ADDRESS);
  await onPage(driver, { page: "pair", trouble: "bridge_untrusted" });
  // Whoever insists learns it too.
  await visit(driver, ADDRESS);
  await onPage(driver, { page: "blocked", trouble: "bridge_untrusted" });
});

test("an extension whose logic does not start lets no local name out of Firefox", async ({
  stage,
}) => {
  const extension = join(stage.home.path, "extension");
  await cp(setting("SETTLE_FIREFOX_EXTENSION"), extension, { recursive: true });
  await rm(join(extension, "pkg/settle_wasm_bg.wasm"));
  const driver = await stage.bareFirefox({ extension });
  await visit(driver, "https://a.local/");
  const shown = () => say(driver, () => document.documentURI);
  await expect.poll(shown).toContain("about:neterror?e=proxyConnectFailure");
});

test("Firefox names a local name without its host to nobody", async ({ stage }) => {
  const driver = await stage.bareFirefox();
  for (const address of [
    "https://a.local/",
    "https://b.home.arpa/",
    "http://d.local/",
    "https://c.alt./",
  ]) {
    await visit(driver, address);
    await onPage(driver, { page: "pair", link: "down", trouble: "host_missing" });
  }
  // The network's log is read when this ends.
});
