// The checks: what has to be in order for local pages to open, looked at again by itself.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { EXTENSION, openPairingPage } from "../harness/browser.js";
import { ChromiumTab } from "../harness/chromium-tab.js";
import { inBothBrowsers, inChromium } from "../harness/journeys.js";
import { expect, test } from "../harness/stage.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */
/** @typedef {import("../harness/tab.js").Tab} Tab */

/**
 * Waits until the checks are, in their order, so.
 * @param {Tab} tab
 * @param {("well" | "amiss" | "note" | "open")[]} wanted
 */
async function are(tab, ...wanted) {
  const states = () =>
    [...document.querySelectorAll("[data-list=checks] li")].map((row) =>
      row.querySelector("svg:not([hidden])")?.getAttribute("data-part")?.replace("check_", ""),
    );
  await tab.will(states).toEqual(wanted);
}

/** @param {Scene} scene */
async function inOrder({ stage, tab, language }) {
  await tab.open("manage");
  await tab.press("[data-do=show_checks]");
  await tab.shows("h1:focus");
  // Chromium's own setting is the system's proxy, whatever that is, and Settle's script cannot say that.
  const proxy = tab.base.startsWith("chrome") ? "note" : "well";
  await are(tab, "well", "well", proxy, "well", "note", "open");
  await tab.look(`${language}-checks-well`);
  await tab.press("#try_camera");
  await are(tab, "well", "well", proxy, "well", "note", "note");
  await stage.home.make("end-daemon");
  await stage.home.make("lock");
  await are(tab, "well", "amiss", proxy, "open", "note", "note");
  await tab.look(`${language}-checks-locked`);
  await stage.home.make("unlock");
  await are(tab, "well", "well", proxy, "well", "note", "note");
}

const TITLE = "all is in order, or what is not says what to do";

inBothBrowsers("the checks", { [TITLE]: inOrder });
inChromium(TITLE, inOrder, "de");

test("the checks go on when the host was installed", async ({ stage }) => {
  const context = await stage.bareBrowser();
  // By itself, since the extension was just installed and cannot work yet.
  const checks = `${EXTENSION}/manage.html#checks`;
  const opened = () => context.pages().filter((page) => page.url() === checks);
  await expect.poll(() => opened().length).toBe(1);
  const [page] = opened();
  if (!page) throw new Error("it was there just now");
  const tab = new ChromiumTab(page, stage.home.path);
  await tab.marks({ page: "manage", link: "down" });
  await are(tab, "amiss", "open", "note", "open", "note", "open");
  await tab.reads("[data-list=checks] code", /settle install/);
  await tab.look("checks-host-missing");
  await stage.home.install();
  await tab.marks({ link: "ready" });
});

test("another extension that takes the proxy is said to", async ({ stage }) => {
  const rival = join(stage.home.path, "rival");
  await mkdir(rival);
  const manifest = {
    ...{ manifest_version: 3, name: "Rival", version: "1", permissions: ["proxy"] },
    background: { service_worker: "rival.js" },
  };
  await writeFile(join(rival, "manifest.json"), JSON.stringify(manifest));
  const take = 'chrome.proxy.settings.set({ value: { mode: "direct" } });';
  await writeFile(join(rival, "rival.js"), take);
  // The one that was installed last has the setting.
  const before = await stage.browser();
  await openPairingPage(before);
  await before.close();
  const context = await stage.bareBrowser({ beside: [rival] });
  const tab = new ChromiumTab(await openPairingPage(context), stage.home.path);
  await tab.go(`${EXTENSION}/manage.html#checks`);
  await are(tab, "well", "well", "amiss", "well", "note", "open");
  await tab.look("checks-proxy-taken");
});
