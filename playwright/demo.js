// Drives the browser of `cargo xtask demo`: from the device's code to its page, and to the blocked
// page when a twin takes the device's place. Prints one JSON object a line: steps, and in the end
// what was observed. After it has asked for something it waits for a line.

import { join } from "node:path";
import { createInterface } from "node:readline";

import {
  openPairingPage,
  securityState,
  showsInterstitial,
  startBrowser,
} from "./harness/browser.js";
import { setting } from "./harness/programs.js";
import { ADDRESS, addressOf, arriveAt, goAndLandOn } from "./harness/visit.js";

const headless = process.env.SETTLE_HEADLESS === "1";
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
/** @type {string[]} */
const screenshots = [];

/** @param {Record<string, unknown>} line */
function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** @param {"twin" | "device"} what */
async function askFor(what) {
  tell({ ask: what });
  await answers.next();
}

const context = await startBrowser(setting("SETTLE_PROFILE"), {
  env: /** @type {Record<string, string>} */ ({ ...process.env }),
  headless,
});
const page = await openPairingPage(context);

/** @param {string} name */
async function shoot(name) {
  const path = join(setting("SETTLE_SHOTS"), `${name}.png`);
  await page.screenshot({ path, fullPage: true });
  screenshots.push(path);
}

async function pair() {
  tell({ step: "Chromium with the extension, connected to the host" });
  await goAndLandOn(page, ADDRESS, "pair");
  await page.locator('body[data-link="ready"]').waitFor();
  tell({ step: `${ADDRESS} is not paired: the pairing page opens` });
  await shoot("1-pairing-page");
  const given = performance.now();
  await page.locator("#picture").setInputFiles(setting("SETTLE_PICTURE"));
  await page.locator('[data-screen="decision"]').waitFor();
  const decided = performance.now();
  tell({ step: `the picture of the code is read, both sides proved: a decision to be made` });
  await shoot("2-decision");
  const trusted = performance.now();
  const loaded = page.waitForResponse((response) => response.url() === ADDRESS);
  await page.locator("#trust").click();
  const response = await loaded;
  await arriveAt(page, ADDRESS);
  const shown = performance.now();
  tell({ step: `trusted: ${await page.title()}` });
  await shoot("3-paired-page");
  return {
    status: response.status(),
    // Without the time that a person takes to decide.
    pairing_ms: Math.round(decided - given),
    scan_to_page_ms: Math.round(decided - given + shown - trusted),
  };
}

async function observe() {
  const interstitial = await showsInterstitial(page);
  const state = await securityState(page);
  return {
    url: await addressOf(page),
    secure_context: await page.evaluate(() => isSecureContext),
    warning: interstitial || state !== "secure",
  };
}

async function followLink() {
  const link = page.locator('a[href^="/"]:visible').nth(1);
  const target = await link.getAttribute("href");
  await link.click();
  await arriveAt(page, (url) => url.pathname === target);
  tell({ step: `followed a link: ${await addressOf(page)}` });
  await shoot("4-followed-link");
}

async function meetTwin() {
  await askFor("twin");
  await goAndLandOn(page, ADDRESS, "blocked");
  await page.locator('body[data-reason="wrong_key"]').waitFor();
  tell({ step: "the twin is not reached: the blocked page says why" });
  await shoot("5-blocked-page");
}

const paired = await pair();
const observed = await observe();
await followLink();
await meetTwin();
tell({ observed: { ...paired, ...observed, screenshots } });
if (!headless) {
  await askFor("device");
  await page.goto(ADDRESS);
  tell({ step: "the browser is yours: close it to end" });
  await context.waitForEvent("close", { timeout: 0 });
}
await context.close();
// The input stays open as long as who started this lives.
process.exit(0);
