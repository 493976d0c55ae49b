// Firefox with the extension, driven by selenium and geckodriver: it knows no other way that opens the
// pages of an extension.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Builder } from "selenium-webdriver";
import firefox from "selenium-webdriver/firefox.js";

import { makeStore } from "./certificates.js";
import { PATIENCE, setting } from "./programs.js";

/** @typedef {import("./home.js").Home} Home */
/** @typedef {import("selenium-webdriver").WebDriver & firefox.Driver} Driver */

const run = promisify(execFile);

/** Firefox draws another one for every profile; this one is fixed, so that tests know it. */
const UUID = "5e771e00-0000-4000-8000-000000000000";
/** The extension's address. */
export const FIREFOX_EXTENSION = `moz-extension://${UUID}`;

/**
 * Makes a profile as a first start of Firefox leaves it: listed, and with an empty certificate store.
 * One that is there stays.
 * @param {Home} home
 */
export async function makeProfile(home) {
  const folder = join(home.path, ".mozilla/firefox");
  const profile = join(folder, "test.default");
  if (existsSync(profile)) return profile;
  await makeStore(profile);
  const listed = "[Profile0]\nName=default\nIsRelative=1\nPath=test.default\nDefault=1\n";
  await writeFile(join(folder, "profiles.ini"), listed);
  return profile;
}

/**
 * Takes the bridge authority out of a profile's certificate store.
 * @param {string} profile
 */
export async function forgetBridge(profile) {
  const nickname = "Settle bridge (this computer only)";
  await run("certutil", ["-D", "-n", nickname, "-d", `sql:${profile}`]);
}

/**
 * Starts Firefox as a user would have it.
 * @param {string} profile
 * @param {{
 *   env: Record<string, string>, language?: string, extension?: string,
 *   preferences?: Record<string, string | number | boolean>, installs?: "for now" | "to stay" | "nothing",
 * }} options `extension` is the folder of another than the one that is shipped
 * @returns {Promise<Driver>}
 */
export async function startFirefox(profile, options) {
  const { env, language = "en-US", preferences = {} } = options;
  const { extension = setting("SETTLE_FIREFOX_EXTENSION"), installs = "for now" } = options;
  const settings = new firefox.Options()
    .setBinary(setting("SETTLE_FIREFOX"))
    .addArguments("-headless", "-profile", profile)
    .windowSize({ width: 1000, height: 760 })
    .setPreference(
      "extensions.webextensions.uuids",
      JSON.stringify({ "extension@settle.alt": UUID }),
    )
    .setPreference("intl.locale.requested", language)
    // Nobody has signed it yet.
    .setPreference("xpinstall.signatures.required", false)
    // Nothing is to be asked of the network but what the tests ask.
    .setPreference("network.captive-portal-service.enabled", false)
    .setPreference("network.connectivity-service.enabled", false);
  for (const [name, value] of Object.entries(preferences)) settings.setPreference(name, value);
  const service = new firefox.ServiceBuilder(setting("SETTLE_GECKODRIVER"))
    .addArguments("--allow-system-access")
    .setEnvironment(env);
  const driver = /** @type {Driver} */ (
    await new Builder()
      .forBrowser("firefox")
      .setFirefoxOptions(settings)
      .setFirefoxService(service)
      .build()
  );
  await driver.manage().setTimeouts({ script: PATIENCE, pageLoad: PATIENCE });
  if (installs !== "nothing") await driver.installAddon(extension, installs === "for now");
  return driver;
}
