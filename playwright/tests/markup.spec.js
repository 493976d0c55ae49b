// Codes and devices with a script in the place of the label: a page that shows what it is told runs it, Settle's pages
// take neither, and would run nothing if they did.

import { withLabel } from "../harness/code.js";
import { inBothBrowsers } from "../harness/journeys.js";
import { startLabelled, startNaive } from "../harness/naive.js";
import { expect } from "../harness/stage.js";

/** @typedef {import("../harness/journeys.js").Scene} Scene */

const LABEL = `<img src="none" onerror="document.title = 'taken'">`;

const title = () => document.title;

/** @param {Scene} scene */
async function label({ stage, tab }) {
  const [naive, rogue, honest] = await Promise.all([
    startNaive(),
    startLabelled(LABEL),
    startLabelled("second"),
  ]);
  try {
    await tab.go(naive.url);
    await tab.giveText(rogue.code);
    await tab.will(title).toBe("taken");

    // Once in the code, and once in what the device says of itself when it has proved to know the code.
    for (const [code, error] of /** @type {const} */ ([
      [rogue.code, "code_damaged"],
      [withLabel(rogue.code, "second"), "device_misbehaved"],
    ])) {
      await tab.open("pair");
      await tab.giveText(code);
      await tab.fault("error", error);
      await tab.screen("ask");
      expect(await tab.ask(() => document.querySelectorAll("main img").length)).toBe(0);
      expect(await tab.ask(title)).not.toBe("taken");
      expect(await stage.trusted()).toEqual([]);
    }
    // The same device, but for its label, does get on.
    await tab.open("pair");
    await tab.giveText(honest.code);
    await tab.screen("decision");
    await tab.reads('[data-text="label"]', "second");
    expect(rogue.program.lines.filter(({ event }) => event === "paired")).toEqual([]);
  } finally {
    naive.stop();
    for (const { program } of [rogue, honest]) await program.stop();
  }
}

/**
 * Puts markup where a page shows the label, and waits until the browser has looked for its picture.
 * @param {string} markup
 */
function put(markup) {
  const place = document.querySelector('[data-text="label"]');
  if (!place) throw new Error("no place for a label");
  place.innerHTML = markup;
  return new Promise((resolve) => {
    place.firstElementChild?.addEventListener("error", () => resolve(true));
  });
}

/** @param {Scene} scene */
async function inert({ stage, tab }) {
  const naive = await startNaive();
  await tab.go(naive.url);
  await tab.ask(put, LABEL);
  await tab.will(title).toBe("taken");
  naive.stop();

  await tab.open("pair");
  await tab.giveText(stage.device.code);
  await tab.screen("decision");
  const before = await tab.ask(title);
  await tab.ask(put, LABEL);
  expect(await tab.ask(title)).toBe(before);
}

inBothBrowsers("a script in the place of the label", {
  "a label that is a script runs on a page that shows it, and neither code nor device gets on in Settle":
    label,
  "a script that somebody got onto the decision would not run": inert,
});
