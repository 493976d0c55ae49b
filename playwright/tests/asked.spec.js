// A page of another site asks for a device: it is kept out, the extension's button says so, and the popup says who asked
// for what and lets it in, for ten minutes or for good.

import { expect, test } from "../harness/stage.js";

/** @typedef {import("../harness/tab.js").Tab} Tab */

/** What Chromium tells an extension after a click on its button; a test cannot click there. */
const CLICKED = { permissions: ["declarativeNetRequestFeedback", "tabs"] };

/** @returns {Promise<string>} */
function askForDevice() {
  return fetch("https://printer.local/asked", { mode: "no-cors" }).then(
    () => "arrived",
    () => "kept out",
  );
}

/** What the button shows of the tab that a popup is about. */
async function badge() {
  const own = await chrome.tabs.getCurrent();
  return chrome.action.getBadgeText({ tabId: own?.openerTabId ?? -1 });
}

for (const [browser, options] of /** @type {const} */ ([
  ["Chromium", CLICKED],
  ["Firefox", {}],
])) {
  test(`${browser}: a site that asks for a device is kept out, named, and let in`, async ({
    stage,
  }) => {
    const tab = await stage.tab(browser, options);
    await tab.pair(stage.device.picture);
    const site = stage.site.url;
    const arrived = () => stage.site.requests.filter((path) => path === "/asked").length;

    await tab.go(`${site}/`);
    expect(await tab.ask(askForDevice)).toBe("kept out");
    expect(arrived()).toBe(0);
    let popup = await tab.popup();
    const line = "[data-list=asked] [data-text=asked_for]";
    await popup.reads(line, `${site} asked for printer.local and was kept out.`);
    expect(await popup.ask(badge)).toBe("1");
    await popup.look("popup-asked");
    await popup.press("[data-do=pass_site]");
    await popup.reads("[data-text=asked_done]", /for ten minutes/);
    await popup.shows(line, 0);
    await popup.look("popup-passed");
    await popup.close();
    await tab.will(askForDevice).toBe("arrived");
    expect(arrived()).toBeGreaterThan(0);

    // Nothing of that is kept, and it can be taken back.
    expect(await stage.home.settle("show", "printer.local")).not.toContain(site);
    await stage.home.settle("deny", "printer.local", site);
    await tab.will(askForDevice).toBe("kept out");
    await tab.reload();
    expect(await tab.ask(askForDevice)).toBe("kept out");
    popup = await tab.popup();
    await popup.press("[data-do=allow_site]");
    await popup.reads("[data-text=asked_done]", /from now on/);
    await popup.close();
    await tab.will(askForDevice).toBe("arrived");
    expect(await stage.home.settle("show", "printer.local")).toContain(site);

    // Another page in the same tab has asked for nothing.
    await tab.go("about:blank");
    popup = await tab.popup();
    expect(await popup.ask(badge)).toBe("");
    await popup.shows(line, 0);
    await popup.close();
  });
}
