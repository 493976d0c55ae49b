// A site of the Internet whose name has two addresses: its own server's, which goes away once its page is open, and
// that of a victim in the local network. The browser then asks the victim, and takes it for the site.

import { createServer as createPlain } from "node:http";
import { createServer as createSecure } from "node:https";

import { issue, makeAuthority, taking } from "./certificates.js";

/** Where victims listen; the site itself is at 127.0.0.1, which clients try first. */
export const VICTIM = "127.0.0.9";
const HOST = "127-0-0-1.127-0-0-9.rebound.example";

/**
 * A certificate of the site's, which browsers accept for its name.
 * @param {string} folder
 */
export async function makeCertificate(folder) {
  const identity = await issue(await makeAuthority(folder, "rebound"), [`DNS:${HOST}`]);
  return { ...identity, browserArguments: [taking(identity.cert)] };
}

/**
 * Opens the site's page on the victim's port, takes the site away, and has the page ask once more. Returns what it
 * got to read, or why it got nothing.
 * @param {import("@playwright/test").BrowserContext} context
 * @param {{ scheme: "http" | "https", port: number, path: string, certificate: { key: Buffer, cert: Buffer } }} attack
 */
export async function rebind(context, { scheme, port, path, certificate }) {
  const page = "<!doctype html><html lang=en><title>Rebound</title><body></body></html>";
  /** @type {import("node:http").RequestListener} */
  const answer = (_, response) => {
    response.writeHead(200, { "content-type": "text/html", connection: "close" });
    response.end(page);
  };
  const site = scheme === "https" ? createSecure(certificate, answer) : createPlain(answer);
  await new Promise((resolve) => site.listen(port, "127.0.0.1", () => resolve(undefined)));
  const tab = await context.newPage();
  await tab.goto(`${scheme}://${HOST}:${port}/`);
  site.closeAllConnections();
  await new Promise((resolve) => site.close(resolve));
  const got = await tab.evaluate(async (asked) => {
    try {
      const response = await fetch(asked, { credentials: "include" });
      return { status: response.status, body: await response.text() };
    } catch (error) {
      return { error: String(error) };
    }
  }, path);
  await tab.close();
  return got;
}
