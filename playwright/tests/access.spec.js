// Who may send a request to a device: pages of other sites by every means there is, with each of
// the two layers alone. What the device's own page asks for arrives, so these tests can fail.

import { EXTENSION_PAGE } from "../harness/initiators.js";
import { MEANS, NAVIGATIONS, SERVICE_WORKER } from "../harness/means.js";
import { EVERYTHING, expect, test } from "../harness/street.js";
import { ADDRESS } from "../harness/visit.js";

/** @typedef {import("../harness/street.js").Initiator} Initiator */

/** What a link may do too: navigations of a tab by GET. */
const LINKS = NAVIGATIONS.filter((means) => means !== "top-post");

/**
 * Everybody else.
 * @param {import("../harness/street.js").Elsewhere} elsewhere
 * @returns {Initiator[]}
 */
const others = ({ secure, plain }) => [
  { who: "https", at: secure },
  { who: "http", at: plain },
  { who: "sandboxed", at: secure, within: "sandboxed" },
  { who: "data", at: secure, within: "data" },
  { who: "blob", at: secure, within: "blob" },
  { who: "device", at: "https://nas.local/" },
];

const OF_EXTENSIONS = [
  ...["fetch", "fetch-post", "no-cors-post", "xhr", "websocket", "beacon", "image", "script"],
  ...["open", "link"],
];
/** By way of another site, and so none of the device's own any more. */
const REDIRECTED = ["redirect", "redirect-image", "redirect-post"];
/**
 * A worker of a `blob:` and a redirected POST name no page, and Chromium prefetches no local name
 * for other sites.
 */
const NAMELESS = ["worker", "redirect-post", "speculation"];

/**
 * @param {string[]} means
 * @param {string[]} but
 */
const all = (means, but = []) => means.filter((it) => !but.includes(it)).sort();

test("the verifying proxy alone lets no other page get to a device", async ({ street }) => {
  await street.dropRules(({ action }) => action.type === "block");
  const own = await street.ask({ who: "own", at: ADDRESS });
  expect.soft(own.sort(), "own").toEqual(all(EVERYTHING, REDIRECTED));
  for (const initiator of others(street.elsewhere)) {
    const arrived = await street.ask(initiator);
    expect.soft(arrived.sort(), initiator.who).toEqual(all(LINKS));
  }
  // Its policy keeps it from the rest, and does not always tell it so.
  const extension = { who: "extension", at: EXTENSION_PAGE };
  const arrived = await street.ask(extension, OF_EXTENSIONS);
  expect.soft(arrived.sort(), "extension").toEqual(["link", "open"]);
  const worker = { who: "worker", at: street.elsewhere.secure };
  expect.soft(await street.ask(worker, [SERVICE_WORKER])).toEqual([]);
  const plain = { who: "plain", at: street.elsewhere.plain };
  expect.soft(await street.ask(plain, MEANS, { site: "http://printer.local" })).toEqual([]);
});

test("the extension alone lets no other page get to a device", async ({ street }) => {
  const { secure, plain } = street.elsewhere;
  for (const origin of [secure, plain, "https://nas.local"]) await street.allow(origin);
  await street.dropRules(({ condition }) => condition.initiatorDomains !== undefined);
  for (const initiator of others(street.elsewhere)) {
    const arrived = await street.ask(initiator);
    const links = arrived.filter((means) => means !== "top-post");
    expect.soft(links.sort(), initiator.who).toEqual(all(LINKS));
  }
  expect.soft(await street.ask({ who: "worker", at: secure }, [SERVICE_WORKER])).toEqual([]);
});

test("an origin that the user allowed gets to the device, and its neighbors do not", async ({
  street,
}) => {
  const { allowed, secure } = street.elsewhere;
  await street.allow(allowed);
  const arrived = await street.ask({ who: "allowed", at: allowed });
  expect.soft(arrived.sort()).toEqual(all(EVERYTHING, NAMELESS));
  const worker = await street.ask({ who: "worker", at: allowed }, [SERVICE_WORKER]);
  expect.soft(worker).toEqual([SERVICE_WORKER]);
  const neighbor = await street.ask({ who: "neighbor", at: secure });
  expect.soft(neighbor.sort()).toEqual(all(LINKS));
  await street.stage.home.settle("deny", "printer.local", allowed);
  expect(await street.ask({ who: "denied", at: allowed }, MEANS)).toEqual([]);
});

test("the device itself answers the preflights of an origin that the user allowed, and no others", async ({
  street,
}) => {
  const { site } = street.stage;
  const { allowed, secure } = street.elsewhere;
  await street.allow(allowed);
  const asked = ["fetch-json", "xhr"];
  const open = { folder: "open" };
  expect(await street.ask({ who: "allowed", at: allowed }, asked, open)).toHaveLength(2);
  expect(street.learned).toEqual({ "fetch-json": "cors", xhr: "200" });
  const methods = site.methods.filter((_, at) => site.requests[at]?.startsWith("/open/"));
  expect(methods.sort()).toEqual(["OPTIONS", "OPTIONS", "POST", "PUT"]);

  // What the device does not let pages read is not read, though it is asked.
  await street.ask({ who: "unread", at: allowed }, asked);
  expect(street.learned["fetch-json"]).toContain("TypeError");

  await street.dropRules(({ action }) => action.type === "block");
  expect(await street.ask({ who: "neighbor", at: secure }, asked, open)).toEqual([]);
  expect(street.learned["fetch-json"]).toContain("TypeError");
});

test("the extension knows the third parties of every local name", async ({ street }) => {
  const initiator = "https://public.example";
  for (const [url, type, from, rules] of /** @type {[string, string, string, string[]][]} */ ([
    ["https://printer.local/", "image", initiator, ["block"]],
    ["https://PRINTER.local./", "image", initiator, ["block"]],
    ["https://printer.local:8443/", "xmlhttprequest", initiator, ["block"]],
    ["http://a.printer.local/", "sub_frame", initiator, ["block"]],
    ["wss://printer.local/", "websocket", initiator, ["block"]],
    ["https://cam.home.arpa/", "ping", initiator, ["block"]],
    ["https://cam.alt/", "object", "http://public.example", ["block"]],
    ["https://nas.local/", "script", "https://printer.local", ["block"]],
    ["https://printer.local/", "main_frame", initiator, ["allow"]],
    ["https://printer.local/", "image", "https://printer.local", []],
    ["https://local.example/?.local", "image", initiator, []],
    ["https://notlocal/", "image", initiator, []],
  ])) {
    expect.soft(await street.rulesFor({ url, type, initiator: from }), url).toEqual(rules);
  }
});
