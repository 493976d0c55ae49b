// A page of one device that asks for another: behind a proxy without a rule of who may ask it gets there by every means
// that there is, and with Settle, between the same pages, by a link alone. Each of Settle's two layers by itself is in
// `access.spec.js`.

import { join } from "node:path";

import { startBrowser } from "../harness/browser.js";
import { startCareless } from "../harness/careless.js";
import { makeStore, trust } from "../harness/certificates.js";
import { startFirefox } from "../harness/firefox.js";
import { FirefoxStreet, test as inFirefox } from "../harness/firefox-street.js";
import { MEANS } from "../harness/means.js";
import { expect, test as inChromium, Street } from "../harness/street.js";

const NEIGHBOR = "https://nas.local/";
/** No local name is prefetched for other sites. */
const UNKNOWN = ["speculation"];
/** Firefox sends no pings, and prefetches when it has nothing else to do. */
const UNKNOWN_IN_FIREFOX = [...UNKNOWN, "ping", "prefetch"];

/**
 * A proxy without the rule, to the interfaces that the street's devices stand in front of.
 * @param {Street | FirefoxStreet} street
 * @param {string} store the certificate store of a browser that is started then
 */
async function startBeside({ stage, elsewhere, neighbor }, store) {
  const interfaces = { "printer.local": stage.site.url, "nas.local": neighbor.url };
  const proxy = await startCareless(stage.home.path, interfaces);
  await trust(store, proxy.authority, "careless");
  await trust(store, elsewhere.authority, "elsewhere");
  return proxy;
}

inChromium("a page of one device gets to another by a link alone", async ({ street }) => {
  const { stage, elsewhere, neighbor } = street;
  const { home } = stage;
  const proxy = await startBeside(street, home.store);
  const context = await startBrowser(join(home.path, "careless"), {
    env: home.environment,
    extension: false,
    more: [...proxy.browserArguments, ...elsewhere.browserArguments],
  });
  const careless = new Street(stage, elsewhere, context, neighbor);
  const known = MEANS.filter((it) => !UNKNOWN.includes(it)).sort();
  const arrived = await careless
    .ask({ who: "careless", at: NEIGHBOR }, known)
    .finally(() => context.close());
  proxy.stop();
  expect(arrived.sort()).toEqual(known);

  expect(await street.ask({ who: "settle", at: NEIGHBOR }, [...MEANS, "link"])).toEqual(["link"]);
});

inFirefox(
  "in Firefox, a page of one device gets to another by a link alone",
  async ({ street }) => {
    const { stage, elsewhere, neighbor } = street;
    const { home } = stage;
    const profile = join(home.path, "careless");
    await makeStore(profile);
    const proxy = await startBeside(street, profile);
    const driver = await startFirefox(profile, {
      env: home.environment,
      installs: "nothing",
      preferences: { ...elsewhere.preferences, ...proxy.preferences },
    });
    const careless = new FirefoxStreet(stage, elsewhere, driver, neighbor);
    const known = MEANS.filter((it) => !UNKNOWN_IN_FIREFOX.includes(it)).sort();
    const arrived = await careless
      .ask({ who: "careless", at: NEIGHBOR }, known, known)
      .finally(() => driver.quit());
    proxy.stop();
    expect(arrived).toEqual(known);

    const link = ["link"];
    expect(await street.ask({ who: "settle", at: NEIGHBOR }, [...known, ...link], link)).toEqual(
      link,
    );
  },
);
