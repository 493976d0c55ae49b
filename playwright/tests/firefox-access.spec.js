// Who may send a request to a device, in Firefox: the same pages and means as in `access.spec.js`, with
// each of the two layers alone. What the device's own page asks for arrives, so these tests can fail. What the rules would
// do to a request that nobody makes, Firefox tells only who has a permission that the extension does not need; and the
// device's answers to preflights are the same whoever asks.

import { expect, test } from "../harness/firefox-street.js";
import { NAVIGATIONS, SERVICE_WORKER } from "../harness/means.js";
import { EVERYTHING } from "../harness/street.js";
import { ADDRESS } from "../harness/visit.js";

/**
 * Firefox sends no pings, as long as nobody switches that on, knows no speculation rules, and prefetches
 * when it has nothing else to do.
 */
const UNKNOWN = ["ping", "speculation", "prefetch"];
const KNOWN = EVERYTHING.filter((it) => !UNKNOWN.includes(it)).sort();
const LINKS = NAVIGATIONS.filter((means) => means !== "top-post").sort();
/** By way of another site, and so none of the device's own any more. */
const REDIRECTED = ["redirect", "redirect-image", "redirect-post"];

/**
 * Everybody else.
 * @param {import("../harness/street.js").Elsewhere} elsewhere
 * @returns {import("../harness/street.js").Initiator[]}
 */
const others = ({ secure, plain }) => [
  { who: "https", at: secure },
  { who: "http", at: plain },
  { who: "sandboxed", at: secure, within: "sandboxed" },
  { who: "data", at: secure, within: "data" },
  { who: "blob", at: secure, within: "blob" },
  { who: "device", at: "https://nas.local/" },
];

test("in Firefox, the verifying proxy alone lets no other page get to a device", async ({
  street,
}) => {
  await street.dropRules(({ action }) => action.type === "block");
  const direct = KNOWN.filter((it) => !REDIRECTED.includes(it));
  expect.soft(await street.ask({ who: "own", at: ADDRESS }, KNOWN, direct)).toEqual(direct);
  for (const initiator of others(street.elsewhere)) {
    expect.soft(await street.ask(initiator, KNOWN, LINKS), initiator.who).toEqual(LINKS);
  }
  const worker = { who: "worker", at: street.elsewhere.secure };
  expect.soft(await street.ask(worker, [SERVICE_WORKER])).toEqual([]);
});

test("in Firefox, the extension alone lets no other page get to a device", async ({ street }) => {
  const { secure, plain } = street.elsewhere;
  for (const origin of [secure, plain, "https://nas.local"]) await street.allow(origin);
  // What is not there is `null` in Firefox.
  await street.dropRules(({ condition }) => Boolean(condition.initiatorDomains));
  for (const initiator of others(street.elsewhere)) {
    const arrived = await street.ask(initiator, KNOWN);
    const links = arrived.filter((means) => means !== "top-post");
    expect.soft(links, initiator.who).toEqual(LINKS);
  }
  expect.soft(await street.ask({ who: "worker", at: secure }, [SERVICE_WORKER])).toEqual([]);
});

test("in Firefox, an origin that the user allowed gets to the device, and its neighbors do not", async ({
  street,
}) => {
  const { allowed, secure } = street.elsewhere;
  await street.allow(allowed);
  // A redirected POST names no page.
  const named = KNOWN.filter((it) => it !== "redirect-post");
  expect.soft(await street.ask({ who: "allowed", at: allowed }, KNOWN, named)).toEqual(named);
  const neighbor = await street.ask({ who: "neighbor", at: secure }, KNOWN);
  expect.soft(neighbor).toEqual(LINKS);
});
