// Drives a Chromium on a host of the network of `tests/src/lab`: somebody's own, with the extension and what
// `settle install` has written down, or one without Settle. Its arguments are the browser's. It reads one JSON
// object a line, does what it says, and prints what the tab shows then.

import { createInterface } from "node:readline";

import { securityState, showsInterstitial, startBrowser } from "./harness/browser.js";
import { setting } from "./harness/programs.js";
import { arriveAt, goAndLandOn, pairByPicture } from "./harness/visit.js";

/**
 * One of these: the picture of the printer's code, an address that opens, and one that does not.
 * @typedef {{ pair?: string, arrive?: string, blocked?: string }} Wish
 */

const context = await startBrowser(setting("SETTLE_PROFILE"), {
  env: /** @type {Record<string, string>} */ ({ ...process.env }),
  extension: Boolean(process.env.SETTLE_EXTENSION),
  more: process.argv.slice(2),
});
const page = context.pages()[0] ?? (await context.newPage());

/** @param {string} address */
async function arrive(address) {
  // What is shown already is no arrival.
  await page.goto("about:blank");
  await page.goto(address).catch(() => {
    // Playwright reports a navigation that a redirect broke off. What the tab shows is looked at next.
  });
  await arriveAt(page, address);
}

/** @param {string} address */
async function meetBlockedPage(address) {
  await goAndLandOn(page, address, "blocked");
  await page.locator("body[data-reason]").waitFor();
}

async function observe() {
  const seen = await page.evaluate(() => ({
    text: document.body.textContent.trim(),
    reason: document.body.dataset.reason ?? null,
    is_secure_context: isSecureContext,
  }));
  const warns = (await showsInterstitial(page)) || (await securityState(page)) !== "secure";
  return { ...seen, warns };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { pair, arrive: address, blocked } = /** @type {Wish} */ (JSON.parse(line));
  if (pair) await pairByPicture(page, pair);
  if (address) await arrive(address);
  if (blocked) await meetBlockedPage(blocked);
  process.stdout.write(`${JSON.stringify(await observe())}\n`);
}
await context.close();
