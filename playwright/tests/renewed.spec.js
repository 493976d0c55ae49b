// A bridge authority whose key is in other hands, and what a renewal takes from whoever has it.

import { openPairingPage, securityState, showsInterstitial } from "../harness/browser.js";
import { expect, test } from "../harness/stage.js";
import { startThief, stealAuthority } from "../harness/thief.js";
import { ADDRESS } from "../harness/visit.js";

test("after a renewal the browser accepts nothing of the former authority, and opens devices as before", async ({
  stage,
}) => {
  const { home, device } = stage;
  await home.settle("pair", device.code, "--yes");
  await home.install();
  const stolen = await stealAuthority(home.path, home.store);
  const thief = await startThief(stolen, "DNS:*.thief.localhost");
  // Inside of the constraints, and leads to this computer in every browser.
  const address = `https://nas.thief.localhost:${thief.port}/`;
  const before = await stage.bareBrowser();
  const page = await openPairingPage(before);
  expect((await page.goto(address))?.status()).toBe(200);
  expect(await securityState(page)).toBe("secure");
  await before.close();

  await home.settle("renew");
  const after = await openPairingPage(await stage.bareBrowser());
  await expect(after.goto(address)).rejects.toThrow("ERR_CERT_AUTHORITY_INVALID");
  expect(await showsInterstitial(after)).toBe(true);
  expect((await after.goto(ADDRESS))?.status()).toBe(200);
  expect(await securityState(after)).toBe("secure");
  thief.stop();
});
