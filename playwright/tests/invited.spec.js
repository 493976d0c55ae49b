// Another computer is let in: the first one shows a code of the device, and the other one pairs by it, as somebody
// who holds a picture of it would.

import { join } from "node:path";

import { inChromium } from "../harness/journeys.js";
import { expect, test } from "../harness/stage.js";
import { ADDRESS } from "../harness/visit.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */
/** @typedef {import("../harness/tab.js").Tab} Tab */

/**
 * Goes to where another computer is let in.
 * @param {Tab} tab
 */
async function invite(tab) {
  await tab.open("manage");
  await tab.press("[data-list=devices] button");
  await tab.press("#show_invite");
  await tab.shows("h1:focus");
}

for (const [one, other] of /** @type {const} */ ([
  ["Chromium", "Firefox"],
  ["Firefox", "Chromium"],
])) {
  test(`${one} shows a code, by which ${other} on another computer is let in`, async ({
    stage,
  }) => {
    const first = await stage.tab(one);
    await first.pair(stage.device.picture);
    await invite(first);
    await first.fill("#invited_role", "admin");
    await first.press("#invite");
    await first.shows(".drawing");
    const picture = await first.picture(join(stage.home.path, "handed.png"));

    const second = await stage.otherComputer(other);
    await second.pair(picture);
    await second.reads("h1", "Ready");
    await second.open("manage");
    await second.press("[data-list=devices] button");
    await second.reads('[data-screen="device"] [data-text="role"]', /Administrator/);

    // It is shown no longer than it is looked at.
    await first.press("#close_invite");
    await first.shows("#show_invite");
    expect(await first.ask(() => document.querySelector(".drawing path")?.getAttribute("d"))).toBe(
      "",
    );
    expect(await first.ask(() => document.body.textContent)).not.toContain("SETTLE:");
  });
}

/** Takes this computer's own role away, by the device's own page. */
async function becomeGuest() {
  const api = "/.well-known/settle";
  const { client } = await (await fetch(`${api}/role`)).json();
  await fetch(`${api}/clients/${client}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ role: "guest", leave_without_admin: true }),
  });
}

/** @param {Scene} scene */
async function lookAtIt({ stage, tab, language }) {
  await tab.pair(stage.device.picture);
  await stage.device.rollOver();
  await tab.reload();
  await tab.arrive(ADDRESS);
  await tab.open("manage");
  await tab.press("[data-list=devices] button");
  await tab.shows("[data-list=former] li", 1);
  await tab.look(`${language}-manage-former`);
  await tab.press("#show_invite");
  await tab.look(`${language}-invite`);
  await tab.press("#invite");
  await tab.shows(".drawing");
  await tab.press("details:has(#copy_code) summary");
  await tab.press("#copy_code");
  await tab.tells('details:has(#copy_code) [role="status"]');
  await tab.look(`${language}-invited`);
  await tab.press("#close_invite");

  await tab.go(ADDRESS);
  await tab.arrive(ADDRESS);
  await tab.ask(becomeGuest);
  await tab.open("manage");
  await tab.press("[data-list=devices] button");
  await tab.press("#show_invite");
  await tab.press("#invite");
  await tab.fault("error", "admins_only");
  await tab.look(`${language}-invite-refused`);
  await stage.device.stop();
  await tab.press("#invite");
  await tab.fault("error", "device_not_found");
}

for (const language of ["en", "de"]) {
  inChromium("a code is shown with what it is good for, or why there is none", lookAtIt, language);
}
